import CohortCore
import CohortLMDB
import CohortStore
import CohortTesting
import Testing

/// Further length measures: their bytes, and that their lengths follow the samples through deletions and drops.
@Suite struct LengthMeasureTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), mapSize: 256 << 20, clock: { FormatStore.time })
    try ingest(6)
  }

  private func ingest(_ count: Int, from first: Int = 0) throws {
    var builder = SampleBatchBuilder()
    for number in first..<(first + count) { builder.add(prompt: "p\(number)", response: "r") }
    let prepared = builder.prepared
    _ = try store.write { try $0.ingest(prepared, source: "a", origin: "") }
  }

  private func add(_ name: String, _ unit: LengthUnit = .bytes, _ tokenizer: Digest128? = nil) throws -> LengthMeasure {
    try store.write { try $0.createMeasure(name: name, unit: unit, tokenizer: tokenizer) }
  }

  private func lengths(_ value: UInt32) -> SampleLengths {
    SampleLengths(prompt: value, response: value &+ 1, total: 2 &* value &+ 1)
  }

  private func measure(_ values: [UInt32?], from first: UInt64, _ measure: LengthMeasure) throws -> Int {
    try store.write { transaction in
      try transaction.measure(values.map { $0.map(lengths) }, from: SampleID(first), by: measure)
    }
  }

  /// Changes a bit, and the counters, so that they are of the last transaction, as the store demands.
  private func flip(_ raw: RawTables, _ table: String, _ key: [UInt8], _ at: Int) throws {
    try raw.change(table, key) { $0[at] ^= 1 }
    let counters = Array("counters".utf8)
    let transaction = try raw.environment.statistics().lastTransaction + 1
    try raw.change("meta", counters) { value in
      // What there is of length measures follows.
      let end = value.count - 8
      value.replaceSubrange((end - 8)..<end, with: u64(transaction))
      value.replaceSubrange(..<8, with: u64(XXH3.hash64(Array(value[8...])) ^ salt(1, XXH3.hash64(counters))))
    }
  }

  private func u32(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
  private func u64(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }

  private func body(_ raw: RawTables, _ table: String, _ key: [UInt8]) throws -> [UInt8] {
    Array(try #require(try raw.values(table).first { $0.key == key }?.value).dropFirst(8))
  }

  /// The values are those of `Schemas/store.md`, and a program that does not know them is told by a feature.
  @Test func theBytesAreThoseOfTheDocument() throws {
    let raw = try RawTables(at: store.path)
    let before = try body(raw, "meta", Array("counters".utf8)).count
    let tokens = try add("t", .tokens, Digest128(high: 1, low: 2))
    let bytes = try add("b")
    _ = try store.write { try $0.delete([SampleID(1)], reason: "gone") }
    #expect(try measure([3, nil, 5], from: 0, tokens) == 2)
    try store.write { try $0.dropMeasure(named: "b") }

    let time = u64(UInt64(FormatStore.time))
    #expect(try body(raw, "meta", Array("format".utf8)) == u32(1) + u64(0b10_0000) + u64(0))
    let counters = try body(raw, "meta", Array("counters".utf8))
    #expect(counters.count == before + 8 && Array(counters.suffix(8)) == u32(2) + u32(1))
    #expect(
      try body(raw, "names", [0x88, 0, 0, 0, 0]) == u32(0) + [1, 0x74, 4] + u64(1) + u64(2) + u32(64) + [3])
    #expect(try body(raw, "names", [8, 0x74]) == u32(0))
    #expect(try body(raw, "log", RawTables.key(3)) == [1, 16] + time + u32(0) + [1, 0x74, 4] + u64(1) + u64(2))
    #expect(try body(raw, "log", RawTables.key(4)) == [1, 16] + time + u32(1) + [1, 0x62, 1])
    #expect(try body(raw, "log", RawTables.key(6)) == [1, 18] + time + u32(0) + [2, 0, 1, 2, 1, 3])
    #expect(try body(raw, "log", RawTables.key(7)) == [1, 17] + time + u32(1) + [1, 0x62])
    let header: [UInt8] = [1, 2, 0, 0] + u32(3) + u32(1) + [UInt8](repeating: 0, count: 12)
    for (column, values) in [(64, [3, .max, 5]), (65, [4, .max, 6]), (66, [7, .max, 11])] as [(UInt64, [UInt32])] {
      #expect(try body(raw, "columns", RawTables.key(column << 32)) == header + values.flatMap(u32))
    }
    #expect(try store.verify().isSound)
    let events = try (3...7).map { number in try store.read { try $0.entry(LogSequence(number))?.event } }
    guard let created = events[0] as? LogEvent.MeasureCreated, let measured = events[3] as? LogEvent.Measured else {
      Issue.record("other entries were logged: \(events)")
      return
    }
    #expect(created.id == tokens.id && created.name == "t" && created.unit == .tokens)
    #expect(created.tokenizer == Digest128(high: 1, low: 2))
    #expect(measured.measure == tokens.id && measured.end == 3)
    #expect(measured.ranges == [0, 2].map { IDRange(first: SampleID($0), count: 1) })
    let dropped = try #require(events[4] as? LogEvent.MeasureDropped)
    #expect(dropped.id == bytes.id && dropped.name == "b")
  }

  /// A measure of a part says so at the end of its values; a program that does not know it is told by a feature's name.
  @Test func aMeasureOfAPartIsKept() throws {
    let raw = try RawTables(at: store.path)
    let made = try store.write { try $0.createMeasure(name: "r", unit: .words, part: .reasoning) }
    #expect(made.part == .reasoning)
    let format = try body(raw, "meta", Array("format".utf8))
    #expect(format == u32(1) + u64(0b1010_0000) + u64(0) + [1, 7, 1, 12] + Array("length-parts".utf8))
    #expect(try body(raw, "names", [0x88, 0, 0, 0, 0]) == u32(0) + [1, 0x72, 2] + u32(64) + [0, 2])
    let time = u64(UInt64(FormatStore.time))
    #expect(try body(raw, "log", RawTables.key(3)) == [1, 16] + time + u32(0) + [1, 0x72, 2, 2])
    #expect(try measure([3, 4], from: 0, made) == 2)
    try store.read { transaction in
      #expect(try transaction.existingMeasure("r").part == .reasoning)
      let created = try #require(try transaction.entry(LogSequence(3))?.event as? LogEvent.MeasureCreated)
      #expect(created.part == .reasoning && created.fields.last?.name == "part")
    }
    #expect(try store.verify().isSound)
  }

  /// Every lie about a measure is found.
  @Test func damageIsFound() throws {
    let measure = try add("m")
    _ = try self.measure([1, 2, 3, 4], from: 0, measure)
    let raw = try RawTables(at: store.path)
    #expect(try store.verify().isSound)
    for (table, key) in [
      ("columns", RawTables.key(64 << 32)), ("columns", RawTables.key(66 << 32)), ("names", [0x88, 0, 0, 0, 0]),
      ("names", [8, 0x6d]), ("log", RawTables.key(4)),
    ] {
      let value = try #require(try raw.values(table).first { $0.key == key }?.value)
      for at in [8, value.count - 1] {
        try flip(raw, table, key, at)
        #expect(try !store.verify().isSound, "\(table) \(hexadecimal(key)) byte \(at)")
        try flip(raw, table, key, at)
      }
      #expect(try store.verify().isSound)
    }
  }

  @Test func lengthsComeInOrderAndOnlyOnce() throws {
    let measure = try add("m")
    #expect(try self.measure([], from: 0, measure) == 0)
    #expect(try self.measure([0, 1], from: 0, measure) == 2)
    for first in [0, 1, 3, 6] as [UInt64] {
      #expect(codeName { _ = try self.measure([9], from: first, measure) } == "store.measure-order")
    }
    #expect(codeName { _ = try self.measure([1, 1, 1, 1, 1], from: 2, measure) } == "store.measure-order")
    // Deleted between counting and writing: passed over.
    _ = try store.write { try $0.delete([SampleID(3), SampleID(0)], reason: "gone") }
    let greatest = SampleLengths(prompt: .max, response: 0, total: .max)
    #expect(try self.measure([2, 3], from: 2, measure) == 1)
    #expect(try store.write { try $0.measure([greatest], from: SampleID(4), by: measure) } == 1)
    try store.read { transaction in
      let now = try #require(try transaction.measure(named: "m"))
      #expect(now.rows == 5)
      let found = try (0..<6).map { try transaction.lengths(SampleID($0), by: now)?.prompt }
      #expect(found == [0, 1, 2, nil, .max - 1, nil])
      #expect(try transaction.counts(of: now) == MeasureCounts(measured: 3, pending: 1))
    }
    try ingest(9000, from: 10)
    try store.read { transaction in
      let now = try #require(try transaction.measure(named: "m"))
      #expect(try transaction.counts(of: now) == MeasureCounts(measured: 3, pending: 9001))
    }
    #expect(try self.measure([UInt32?](repeating: 7, count: 9001), from: 5, measure) == 9001)
    #expect(try store.verify().isSound)
  }

  @Test func aMeasureInUseStays() throws {
    let measure = try add("m")
    let definition = GroupingDefinition(criterion: .length(.total, .given([4]), measure: "m"))
    _ = try store.write { try $0.createGrouping(name: "g", definition: definition) }
    #expect(codeName { try store.write { try $0.dropMeasure(named: "m") } } == "store.length-measure-in-use")
    try store.write { try $0.dropGrouping(named: "g") }
    try store.write { try $0.dropMeasure(named: "m") }
    #expect(codeName { _ = try self.measure([1], from: 0, measure) } == "store.unknown-length-measure")
    #expect(
      codeName { _ = try store.write { try $0.createGrouping(name: "g", definition: definition) } }
        == "store.unknown-length-measure")
    // The name is free again, for a measure that begins anew.
    let again = try add("m", .words)
    #expect(again.id != measure.id && again.rows == 0)
    #expect(try store.verify().isSound)
  }

  @Test func whatCannotBeIsRefused() throws {
    _ = try add("m")
    for name in ["m", SampleLengths.ownMeasure] {
      #expect(codeName { _ = try add(name) } == "store.length-measure-exists")
    }
    #expect(codeName { _ = try add("f", .field) } == "store.length-unit")
    #expect(codeName { _ = try add("t", .tokens) } == "store.length-unit")
    #expect(codeName { _ = try add("b", .bytes, Digest128(high: 0, low: 0)) } == "store.length-unit")
    #expect(codeName { try store.write { try $0.dropMeasure(named: "x") } } == "store.unknown-length-measure")
    #expect(try store.read { try $0.measures().map(\.name) } == ["m"])
  }

  /// The feed of a measure: samples in the order in which they are measured, deletions between them.
  @Test func theFeedFollowsTheLog() throws {
    let measure = try add("m")
    let other = try add("other")
    _ = try self.measure([1, 2, 3], from: 0, measure)
    _ = try self.measure([1], from: 0, other)
    _ = try store.write { try $0.delete([SampleID(1), SampleID(4)], reason: "gone") }
    _ = try self.measure([4, nil, 6], from: 3, measure)
    let expected: [FeedRecord] =
      [0, 1, 2].map { .added(SampleID($0)) } + [1, 4].map { .removed(SampleID($0)) }
      + [3, 5].map { .added(SampleID($0)) }
    for limit in 1...8 {
      var records: [FeedRecord] = []
      var position = FeedPosition.start
      try store.read { transaction in
        while case let part = try transaction.changes(.measured(measure.id), from: position, limit: limit),
          !part.records.isEmpty
        {
          records += part.records
          position = part.next
        }
      }
      #expect(records == expected, "limit \(limit)")
    }
  }
}
