import CohortCore
import CohortLMDB
import CohortStore
import CohortTesting
import Foundation
import Testing

/// A later release adds a table to the stores that there are.
@Suite struct OptionalTableTests {
  private let folder: TemporaryFolder
  private let path: String

  /// The checked-in store of format 1.
  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("old")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let fixture = Checkout.fixtures(of: "CohortStoreTests").appendingPathComponent("format-1/data.mdb")
    try FileManager.default.copyItem(atPath: fixture.path, toPath: path + "/data.mdb")
  }

  private func table(required: Bool) -> OptionalTable {
    OptionalTable(
      "landscapes", key: .bytes, number: 40,
      feature: StoreFeature(bit: required ? 62 : 5, "landscapes", isRequired: required))
  }

  /// What an older program does with the store.
  private func readAndWrite(_ store: Store) throws {
    #expect(try store.read { try $0.counters.live } == 4)
    #expect(try store.verify().isSound)
    var builder = SampleBatchBuilder()
    builder.add(prompt: "new", response: "one")
    let prepared = builder.prepared
    _ = try store.write { try $0.ingest(prepared, source: "later", origin: "") }
    _ = try store.write { try $0.createMeasure(name: "bytes", unit: .bytes) }
    #expect(try store.verify().isSound)
  }

  @Test(arguments: [false, true]) func aNewerWriterAddsOneToAnOldStore(required: Bool) throws {
    let table = table(required: required)
    do {
      let store = try Store.open(at: path, access: .owner(name: "new"), optional: [table])
      #expect(try store.read { try $0.value([1], of: table) } == nil)
      #expect(try store.verify().isSound)
      try store.write { try $0.put([4, 5], [1], in: table) }
      #expect(try store.read { try $0.value([1], of: table) } == [4, 5])
      #expect(try store.read { try $0.value([2], of: table) } == nil)
      let report = try store.verify()
      #expect(report.isSound && report.tables.last?.name == "landscapes" && report.tables.last?.records == 1)
    }
    guard !required else {
      let refusal = #expect(throws: CohortError.self) { try Store.open(at: path) }
      #expect(refusal?.code.name == "store.unknown-feature")
      #expect(refusal?.message == "The store uses 'landscapes', which this program does not know")
      #expect(throws: CohortError.self) { try Store.open(at: path, access: .owner(name: "old")) }
      #expect(try Store.open(at: path, optional: [table]).read { try $0.value([1], of: table) } == [4, 5])
      return
    }
    #expect(try Store.open(at: path).verify().isSound)
    do { try readAndWrite(try Store.open(at: path, access: .owner(name: "old"))) }
    // What the older program wrote on the way left the name of the feature where it was.
    let store = try Store.open(at: path, optional: [table])
    #expect(try store.read { try $0.value([1], of: table) } == [4, 5])
    #expect(try store.verify().isSound)
  }

  /// The bytes are those of the document.
  @Test func theFormatNamesTheFeature() throws {
    let (required, optional) = (table(required: true), table(required: false))
    let store = try Store.open(at: path, access: .owner(name: "new"), optional: [required, optional])
    try store.write { try $0.put([4, 5], [1], in: required) }
    try store.write { try $0.put([6], [2], in: optional) }
    let format = try #require(try RawTables(at: path).values("meta").first { $0.key == Array("format".utf8) }?.value)
    func u64(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
    let name = [10] + Array("landscapes".utf8)
    #expect(
      Array(format[8...]) == [1, 0, 0, 0] + u64(1 << 62) + u64(1 << 5) + [2, 62, 1] + name + [5, 0] + name)
  }

  /// A table that the format does not tell of, and a value that does not belong to its key.
  @Test func verifyLooksAtIt() throws {
    let table = table(required: true)
    let store = try Store.open(at: path, access: .owner(name: "new"), optional: [table])
    try store.write { try $0.put([4, 5], [1], in: table) }
    let raw = try RawTables(at: path)
    let writer = WriterThread()
    defer { writer.stop() }
    try writer.perform {
      try raw.environment.write { transaction in
        let open = try #require(transaction.table(table.definition))
        let value = [UInt8](try #require(try transaction.get(open, [1])))
        try value.withUnsafeBytes { try transaction.put(open, [3], $0) }
      }
    }
    try raw.catchUpCounters()
    #expect(try store.verify().problems.contains { $0.place == "landscapes 03" })
  }
}
