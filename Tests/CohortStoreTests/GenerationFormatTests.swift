import CohortCore
import CohortStore
import CohortTesting
import Testing

/// The bytes of `Schemas/store.md` for groupings with two generations of columns and for anchors, and what is refused.
@Suite struct GenerationFormatTests {
  private func u32(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
  private func u64(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }

  private func body(_ raw: RawTables, _ table: String, _ key: [UInt8]) throws -> [UInt8] {
    let value = try #require(try raw.values(table).first { $0.key == key }?.value)
    return Array(value.dropFirst(8))
  }

  @Test func aRoundInSlices() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    let before = try made.store.read { try #require(try $0.grouping(named: "tasks")) }
    let applied = FeedPosition(sequence: LogSequence(3), offset: 2)
    func slice(_ first: UInt64, _ groups: [UInt32], digest: UInt64 = 9) -> GenerationSlice {
      GenerationSlice(
        applied: applied, digest: digest, first: first, groups: groups, distances: groups.map { _ in 0x3f80_0000 })
    }
    let plain = try body(raw, "names", [0x84, 0, 0, 0, 0])
    _ = try made.store.write { try $0.write(slice(0, [2, 2]), to: before) }
    // Of another round: forgotten.
    _ = try made.store.write { try $0.write(slice(0, [2, 2, 1], digest: 7), to: before) }
    #expect(try body(raw, "names", [0x84, 0, 0, 0, 0]) == plain + u32(70) + [0, 1, 3, 2] + u64(7) + [3])
    #expect(try body(raw, "meta", Array("format".utf8)) == u32(1) + u64(4) + u64(0))
    #expect(try made.store.verify().isSound)
    let seen = try made.store.read { transaction in
      let grouping = try #require(try transaction.grouping(named: "tasks"))
      return try (0..<5).map { try transaction.uint32(grouping.groupColumn, SampleID($0)) }
    }
    #expect(seen == [1, 2, 0, 1, 1])
    for wrong in [slice(1, [1], digest: 7), slice(4, [1], digest: 7), slice(3, [1, 1, 1], digest: 7)] {
      #expect(throws: CohortError.self) { try made.store.write { _ = try $0.write(wrong, to: before) } }
    }
    let round = RoundCommit(
      assignments: [], groups: [GroupRecord(id: GroupID(1), geometry: .label("sums"), born: 0)], engineState: [8],
      applied: applied, isProvisional: false, events: [], digest: 7)
    #expect(throws: CohortError.self) {
      try made.store.write { _ = try $0.complete(round, assigned: 4, of: before) }
    }
    _ = try made.store.write { try $0.write(slice(3, [2, 2], digest: 7), to: before) }
    let after = try made.store.write { try $0.complete(round, assigned: 4, of: before) }
    #expect(try body(raw, "names", [0x84, 0, 0, 0, 0]) == Array(plain.dropLast(4)) + [1, 8] + u32(70) + [1, 0])
    // Sample 1 is deleted and counts no more.
    let sizes = try made.store.read { transaction in
      try transaction.groups(of: after.id).map { "\($0.id) \($0.size)" }
    }
    #expect(sizes == ["0 0", "1 1", "2 3"])
    #expect(try raw.values("columns").contains { $0.key == RawTables.key(66 << 32) } == false)
    #expect(try made.store.verify().isSound)
    try made.store.write { try $0.dropGrouping(named: "tasks") }
    #expect(try raw.values("columns").contains { $0.key == RawTables.key(70 << 32) } == false)
    #expect(try made.store.verify().isSound)
  }

  /// Older programs are told by feature bit 4, when there is something that they cannot read and not before.
  @Test func completeRoundsOfEmbeddingsAndBalancedGroupings() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    let near = try made.store.read { try #require(try $0.grouping(named: "near")) }
    var round = RoundCommit(
      assignments: [], groups: [], engineState: [1], applied: near.provisional, isProvisional: true, events: [],
      digest: 1)
    try made.store.write { _ = try $0.commit(round, to: near) }
    #expect(try body(raw, "meta", Array("format".utf8)) == u32(1) + u64(0) + u64(0))
    round.isProvisional = false
    try made.store.write { _ = try $0.commit(round, to: near) }
    #expect(try body(raw, "meta", Array("format".utf8)) == u32(1) + u64(16) + u64(0))

    let other = try FormatStore(at: folder.file("t"))
    let definition = GroupingDefinition(
      criterion: .embedding(space: "mini"), granularity: .groupSize(3), isBalanced: true)
    _ = try other.store.write { try $0.createGrouping(name: "even", definition: definition) }
    let format = try body(RawTables(at: other.path), "meta", Array("format".utf8))
    #expect(format == u32(1) + u64(16) + u64(0))
  }

  @Test func anchorsOfAGrouping() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    let material: [UInt8] = [1, 2, 3, 4, 5, 6]
    let definition = GroupingDefinition(
      criterion: .anchors(.init(space: "mini", votes: 1, leakage: 1, set: Digest128(high: 1, low: 2))))
    let grouping = try made.store.write {
      try $0.createGrouping(name: "a", definition: definition, material: material)
    }
    #expect(
      try body(raw, "names", [0x84, 0, 0, 0, 2])
        == u32(2) + [1, 0x61] + [4, 4] + Array("mini".utf8) + [1] + u32(Float(1).bitPattern) + u64(1) + u64(2) + [0]
        + [15, 1, 0, 1, 0] + u32(70) + [0, 0, 0] + [6])
    #expect(
      try body(raw, "columns", RawTables.key(72 << 32))
        == [1, 2, 0, 0] + u32(2) + u32(1) + [UInt8](repeating: 0, count: 12) + material + [0, 0])
    #expect(try body(raw, "meta", Array("format".utf8)) == u32(1) + u64(2) + u64(0))
    #expect(try made.store.read { try $0.material(of: grouping) } == material)
    #expect(try made.store.verify().isSound)
  }
}
