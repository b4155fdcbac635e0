import CohortCore
import CohortLMDB
import CohortStore
import CohortTesting
import Foundation
import Testing

/// `Schemas/store.md`, the code, and a store of format 1 that was written once and is checked in, held together.
@Suite struct FormatTests {
  private static let fixtures = Checkout.fixtures(of: "CohortStoreTests").appendingPathComponent("format-1")

  /// The code writes the same bytes as when the fixture was made. `COHORT_WRITE_FIXTURES` makes it anew: do that for a new
  /// format only.
  @Test func theBytesAreThoseOfTheFixture() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let text = try Self.text(RawTables(at: made.path))
    if ProcessInfo.processInfo.environment["COHORT_WRITE_FIXTURES"] != nil {
      try FileManager.default.createDirectory(at: Self.fixtures, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: Self.fixtures.appendingPathComponent("tables.txt"))
      try made.store.backup(to: folder.file("copy"))
      let data = Self.fixtures.appendingPathComponent("data.mdb")
      try? FileManager.default.removeItem(at: data)
      try FileManager.default.copyItem(atPath: folder.file("copy/data.mdb"), toPath: data.path)
    }
    let expected = try String(contentsOf: Self.fixtures.appendingPathComponent("tables.txt"), encoding: .utf8)
    for (now, then) in zip(text.split(separator: "\n"), expected.split(separator: "\n")) { #expect(now == then) }
    #expect(text.count == expected.count)
  }

  /// A store that an older program wrote is read, verified and written on.
  @Test func anOldStoreIsReadAndWritten() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("old")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: Self.fixtures.appendingPathComponent("data.mdb").path, toPath: path + "/data.mdb")
    let store = try Store.open(at: path, access: .owner(name: "test"))
    #expect(store.id == FormatStore.id && store.created == FormatStore.time)
    #expect(try store.verify().isSound)
    try store.read { transaction in
      #expect(try transaction.counters.live == 4 && transaction.counters.nextSample == 5)
      let sample = try #require(try transaction.sample(SampleID(2)))
      #expect(sample.messages.map(\.text) == ["Say hello.", String(repeating: "hello ", count: 40)])
      #expect(try transaction.sample(SampleID(1)) == nil)
      #expect(try transaction.quarantined(0)?.raw == Array("{broken".utf8))
      let snapshot = try #require(try transaction.snapshot(named: "v1"))
      #expect(try transaction.ids(at: [0, 1, 2, 3], of: GroupingID(0), in: snapshot).map(\.rawValue) == [2, 0, 3, 4])
      let run = try #require(try transaction.run(named: "r"))
      #expect(try transaction.latestCheckpoint(of: run)?.bytes == [4, 5, 6])
      #expect(try transaction.plan(named: "p")?.plan == [1, 2, 3])
    }
    var builder = SampleBatchBuilder()
    builder.add(prompt: "2+2?", response: "4")
    builder.add(prompt: "new", response: "one")
    let outcome = try store.write { try $0.ingest(builder.prepared, source: "set/a.jsonl", origin: "") }
    #expect(outcome.duplicates == 1 && outcome.samples == [SampleID(0), SampleID(5)])
    #expect(try store.verify().isSound)
  }

  /// Values put together by hand from the tables of the document.
  @Test func valuesHaveTheBytesOfTheDocument() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    func value(_ table: String, _ key: [UInt8]) throws -> [UInt8] {
      try #require(try raw.values(table).first { $0.key == key }?.value, "\(table) \(hexadecimal(key))")
    }
    func expect(_ table: String, _ number: UInt64, _ key: UInt64, _ body: [UInt8]) throws {
      #expect(try hexadecimal(value(table, RawTables.key(key))) == sealed(body, salt(number, key)), "\(table) \(key)")
    }
    func expect(_ table: String, _ number: UInt64, _ key: [UInt8], _ body: [UInt8]) throws {
      let salt = salt(number, XXH3.hash64(key))
      #expect(try hexadecimal(value(table, key)) == sealed(body, salt), "\(table) \(hexadecimal(key))")
    }
    let id: [UInt8] = [
      0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88,
    ]
    let time: [UInt8] = [0x00, 0x68, 0xe5, 0xcf, 0x8b, 0x01, 0, 0]
    let none: [UInt8] = [0xff, 0xff, 0xff, 0xff]

    try expect("meta", 1, Array("format".utf8), u32(1) + u64(0) + u64(0))
    try expect("meta", 1, Array("store".utf8), id + time + [1, 0, 0])
    var counters = u64(5) + u64(1) + u64(1) + u64(14)
    for next: UInt32 in [2, 3, 1, 2, 1, 1, 1, 70, 0, 0, 0] { counters += u32(next) }
    let last = try raw.environment.statistics().lastTransaction
    try expect("meta", 1, Array("counters".utf8), counters + [0, 0] + u64(last))

    try expect("log", 2, 1, [1, 1] + time + id + [1, 0, 0])
    try expect(
      "log", 2, 2,
      [1, 2] + time + u32(0) + [1] + string("set/a.jsonl") + string("/data/set/a.jsonl") + u32(1) + [2]
        + string("sums") + string("facts") + [0, 3, 1, 0, 1, 0])
    try expect("log", 2, 4, [1, 14] + time + u32(0) + string("mini") + string("npy") + string("f1") + u32(2) + [3])
    try expect("log", 2, 5, [1, 3] + time + u32(0) + [2, 0, 2, 3, 1] + [1, 2, 1])
    try expect("log", 2, 6, [1, 4] + time + u32(0) + string("tasks") + [0, 0])
    try expect("log", 2, 7, [1, 4] + time + u32(1) + string("near") + [3] + string("mini") + [1, 2])
    try expect("log", 2, 8, [1, 6] + time + u32(0) + [3, 2, 0, 5, 1, 1, 9] + u64(0x0102_0304))
    try expect("log", 2, 10, [1, 7] + time + [1, 1, 1] + string("asked for"))
    try expect("log", 2, 13, [1, 15] + time + string("r") + string("p") + u64(5) + u64(6))
    try expect("log", 2, 14, [1, 12] + time + string("r") + [0] + string("p") + u64(5) + u64(6) + [1, 20, 3])

    let content = SampleContent.encode([
      Message(role: .user, text: "2+2?"), Message(role: .assistant, text: "4"),
    ])
    let attributes = Array("{\"level\":1}".utf8)
    try expect(
      "samples", 3, 0,
      [1, 0] + u16(0) + u32(0) + u32(1) + u32(UInt32(content.count)) + u32(11) + u64(1) + content + attributes)
    try expect("samples", 3, 1, [1, 255] + u16(0) + u32(0) + u32(2) + u32(0) + u32(0) + u64(2))
    // Two ingests make one run, sorted by hash; the first two samples of the same content.
    try expect("meta", 1, Array("identity".utf8), u32(2) + [1] + u32(1) + [5])
    var entries: [(UInt64, UInt64)] = []
    for (id, text) in [
      ("2+2?", "4"), ("Capital of France?", "Paris"), ("Say hello.", String(repeating: "hello ", count: 40)),
      ("2+2?", "4"), ("3+3?", "6"),
    ].enumerated() {
      let messages = [Message(role: .user, text: text.0), Message(role: .assistant, text: text.1)]
      entries.append((XXH3.hash64(SampleContent.encode(messages)), UInt64(id)))
    }
    try expect("identity", 4, 1 << 32, entries.sorted { $0 < $1 }.flatMap { u64($0.0) + u64($0.1) })

    let header: [UInt8] = [1, 2, 0, 0] + u32(5) + u32(1) + [UInt8](repeating: 0, count: 12)
    try expect("columns", 5, 2 << 32, header + u32(1) + u32(2) + u32(0) + u32(1) + u32(1))
    try expect(
      "columns", 5, 6 << 32, [1, 1, 0, 0] + u32(5) + u32(1) + [UInt8](repeating: 0, count: 12) + [0, 1, 0, 0, 0])
    try expect("columns", 5, 66 << 32, header + u32(1) + u32(2) + u32(0) + u32(1) + u32(1))

    try expect("names", 6, [1] + Array("b".utf8), u32(1))
    try expect("names", 6, [0x81, 0, 0, 0, 1], u32(1) + string("b") + string("-"))
    try expect("names", 6, [0x82, 0, 0, 0, 2], u32(2) + string("facts"))
    try expect(
      "names", 6, [0x83, 0, 0, 0, 0],
      u32(0) + string("mini") + string("npy") + string("f1") + u32(2) + [3] + u32(64) + [4] + [1, 0, 1])
    try expect(
      "names", 6, [0x84, 0, 0, 0, 0],
      u32(0) + string("tasks") + [0, 0] + [6, 3, 2, 3, 2] + u32(66) + [5, 3] + [3, 1, 2, 3])
    try expect("names", 6, [0x87, 0, 0, 0, 0], u32(0) + string("r") + string("p") + u64(5) + u64(6) + time + [1])

    try expect("groups", 7, 1, [3, 1] + none + none + [0, 0] + string("sums") + [1, 7])
    try expect("groups", 7, 2, [0, 1] + none + none + [0, 0] + string("facts") + [0])
    try expect(
      "groups", 7, 1 << 32 | 1, [1, 1] + u32(0) + none + [6, 2, 2] + u32(0) + u32(Float(1).bitPattern) + [0])

    let membership: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]
    try expect(
      "membership", 8, membership + [0, 0, 0, 0], [4, 0, 0, 0] + u32(4) + u32(2) + u32(0) + u32(3) + u32(4))
    try expect(
      "membership", 8, membership + [0xff, 0xff, 0xff, 0xff],
      [2] + u32(0) + [1] + u32(250) + u64(Double(250).bitPattern) + [0, 0] + u32(1) + [3] + u32(5)
        + u64(Double(5).bitPattern) + [0] + string("sums"))
    try expect(
      "quarantine", 9, 0, u32(0) + [3] + string("invalid-json") + string("test") + [7] + string("{broken"))
    try expect("runs", 11, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [4, 5, 6])
  }

  private func sealed(_ body: [UInt8], _ salt: UInt64) -> String { hexadecimal(u64(XXH3.hash64(body) ^ salt) + body) }

  private func u16(_ value: UInt16) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
  private func u32(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
  private func u64(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
  private func string(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

  /// One line a value: table, key, value.
  private static func text(_ raw: RawTables) throws -> String {
    var text = ""
    for (name, _) in RawTables.names {
      for (key, value) in try raw.values(name) {
        text += "\(name) \(hexadecimal(key)) \(value.count) \(hexadecimal(value))\n"
      }
    }
    return text
  }
}
