import CohortCore
import CohortStore
import CohortTesting
import Testing

/// What was read in one transaction is gone in the next: nothing is written that stands on it.
@Suite struct VanishedTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try FormatStore(at: folder.file("s")).store
  }

  /// The code of the error, and that the log has no further entry.
  private func refusal(_ body: (borrowing WriteTransaction) throws -> Void) throws -> String? {
    let before = try store.read { try $0.counters }
    let error = #expect(throws: CohortError.self) { try store.write { try body($0) } }
    #expect(try store.read { try $0.counters } == before)
    #expect(try store.verify().isSound)
    return error?.code.name
  }

  @Test func aPlanWithoutItsSnapshot() throws {
    let snapshot = try #require(try store.read { try $0.snapshot(named: "v1") })
    func create(_ transaction: borrowing WriteTransaction, grouping: UInt32 = 0) throws {
      _ = try transaction.createPlan(
        name: "late", snapshot: snapshot, grouping: GroupingID(grouping), hash: snapshot.digest, plan: [], report: "")
    }
    #expect(try refusal { try create($0, grouping: 7) } == "store.unknown-grouping")
    try store.write { try $0.dropPlan(named: "p") }
    try store.write { try $0.dropSnapshot(named: "v1") }
    #expect(try refusal { try create($0) } == "store.unknown-snapshot")
    // The same name is not the same snapshot.
    _ = try store.createSnapshot(name: "v1", groupings: ["tasks"])
    #expect(try refusal { try create($0) } == "store.unknown-snapshot")
  }

  @Test func aGroupingWithoutWhatItLooksAt() throws {
    func create(_ criterion: some GroupingKind) throws -> String? {
      try refusal { _ = try $0.createGrouping(name: "late", definition: GroupingDefinition(criterion: criterion)) }
    }
    _ = try store.write { try $0.createSpace(name: "old", provider: "npy", fingerprint: "f", dimension: 2) }
    _ = try store.write { try $0.createMeasure(name: "m", unit: .bytes) }
    _ = try store.write { try $0.createGrouping(name: "g", definition: GroupingDefinition(criterion: .task)) }
    try store.write { try $0.dropSpace(named: "old") }
    try store.write { try $0.dropMeasure(named: "m") }
    try store.write { try $0.dropGrouping(named: "g") }
    #expect(try create(.embedding(space: "old")) == "store.unknown-embedding-space")
    let digest = Digest128(high: 1, low: 2)
    #expect(
      try create(.anchors(AnchorsKind(space: "old", votes: 1, leakage: 1, set: digest)))
        == "store.unknown-embedding-space")
    #expect(try create(.length(.response, .quantiles(2), measure: "m")) == "store.unknown-length-measure")
    #expect(try create(.product("tasks", "g", minimum: 2)) == "store.unknown-grouping")
    #expect(try create(.product("g", "tasks", minimum: 2)) == "store.unknown-grouping")
  }

  /// A space cannot be dropped while a grouping looks at it, but an older program did not look whether it is there.
  @Test func aRoundWithoutItsSpace() throws {
    let near = try #require(try store.read { try $0.grouping(named: "near") })
    let round = RoundCommit(
      assignments: [], groups: [], engineState: [], applied: near.applied, isProvisional: true, events: [], digest: 0)
    let slice = GenerationSlice(applied: near.applied, digest: 0, first: 0, groups: [], distances: [])
    try renameSpace()
    for attempt in 0..<3 {
      let error = #expect(throws: CohortError.self) {
        try store.write { transaction in
          switch attempt {
          case 0: try transaction.commit(round, to: near)
          case 1: _ = try transaction.write(slice, to: near)
          default: _ = try transaction.complete(round, assigned: 0, of: near)
          }
        }
      }
      #expect(error?.code.name == "store.unknown-embedding-space", "\(attempt)")
    }
    #expect(try store.read { try $0.grouping(named: "near")?.provisional } == near.provisional)
  }

  /// The record of grouping 1 names a space that is not there.
  private func renameSpace() throws {
    let raw = try RawTables(at: folder.file("s"))
    try raw.rewrite("names", 6, [0x84, 0, 0, 0, 1]) { value in
      let at = value.indices.first { value[$0...].starts(with: Array("mini".utf8)) }
      if let at { value.replaceSubrange(at..<(at + 4), with: Array("gone".utf8)) }
    }
    try raw.catchUpCounters()
  }
}
