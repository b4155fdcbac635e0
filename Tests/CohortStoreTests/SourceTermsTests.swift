import CohortCore
import CohortStore
import CohortTesting
import Testing

/// What is said of sources is kept, logged, and does not change under a grouping that divides by it.
@Suite struct SourceTermsTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), clock: { FormatStore.time })
  }

  private func ingest(_ prompt: String, _ source: String, _ terms: SourceTerms = SourceTerms()) throws {
    var builder = SampleBatchBuilder()
    builder.add(prompt: prompt, response: "r")
    _ = try store.write { try $0.ingest(builder.prepared, source: source, origin: "", terms: terms) }
  }

  private func terms(_ source: String) throws -> SourceTerms? { try store.read { try $0.source(named: source)?.terms } }

  private func described() throws -> [[String]] {
    var found: [[String]] = []
    try store.read { transaction in
      try transaction.forEachEntry { entry in
        guard let event = entry.event as? LogEvent.SourceDescribed else { return true }
        found.append([event.name, event.terms.licence ?? "-", event.terms.owner ?? "-"])
        return true
      }
    }
    return found
  }

  private func body(_ table: String, _ key: [UInt8]) throws -> [UInt8] {
    Array(try #require(try RawTables(at: store.path).values(table).first { $0.key == key }?.value).dropFirst(8))
  }

  private func u32(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
  private func u64(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
  private func string(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

  @Test func whatIsSaidIsKeptAndLoggedOnce() throws {
    try ingest("1", "a", SourceTerms(licence: "MIT"))
    try ingest("2", "a", SourceTerms(licence: "MIT"))
    try ingest("3", "b")
    try ingest("4", "a")
    #expect(try terms("a") == SourceTerms(licence: "MIT") && terms("b") == SourceTerms())
    // A part that is not given stays.
    try ingest("5", "a", SourceTerms(owner: "me"))
    // A batch without anything new changes it all the same.
    try ingest("3", "b", SourceTerms(licence: "CC0"))
    #expect(try terms("a") == SourceTerms(licence: "MIT", owner: "me") && terms("b")?.licence == "CC0")
    #expect(try described() == [["a", "MIT", "-"], ["a", "MIT", "me"], ["b", "CC0", "-"]])
    #expect(try store.read { try $0.sources().map(\.terms.licence) } == ["MIT", "CC0"])
    #expect(try store.verify().isSound)
    let again = try Store.open(at: store.path)
    #expect(try again.read { try $0.source(named: "a")?.terms } == SourceTerms(licence: "MIT", owner: "me"))
  }

  /// Stores that do not use it have the bytes that they had.
  @Test func theBytesAreThoseOfTheDocument() throws {
    try ingest("1", "a")
    let format = try body("meta", Array("format".utf8))
    #expect(format == u32(1) + u64(0) + u64(0))
    #expect(try body("names", [0x81, 0, 0, 0, 0]) == u32(0) + string("a") + [0])
    try ingest("2", "b", SourceTerms(licence: "MIT"))
    #expect(try body("names", [0x81, 0, 0, 0, 1]) == u32(1) + string("b") + [0])
    #expect(
      try body("meta", Array("format".utf8)) == u32(1) + u64(1 << 8) + u64(0) + [1, 8, 1] + string("source-terms"))
    #expect(
      try body("log", RawTables.key(4))
        == [1, 22] + u64(UInt64(FormatStore.time)) + u32(1) + string("b") + [1] + string("MIT") + [0])
    #expect(try store.read { try $0.value([0, 0, 0, 1], of: SourceTerms.table) } == [1] + string("MIT") + [0])
  }

  @Test(arguments: ["", "a\tb", String(repeating: "x", count: 201)]) func whatNothingCanBeCalledIsRefused(text: String)
    throws
  {
    #expect(codeName { try ingest("1", "a", SourceTerms(licence: text)) } == "store.name")
    #expect(try store.read { try $0.counters.nextSample } == 0)
  }

  @Test func aGroupingKeepsWhatItDividesBy() throws {
    try ingest("1", "a", SourceTerms(licence: "MIT", owner: "me"))
    try ingest("2", "b")
    try store.write {
      _ = try $0.createGrouping(name: "l", definition: GroupingDefinition(criterion: .attribute("license")))
    }
    for (source, terms) in [("a", SourceTerms(licence: "CC0")), ("b", SourceTerms(licence: "CC0"))] {
      let error = try failure { try ingest("3", source, terms) }
      #expect(error.code.name == "store.source-terms" && error.category == .usage)
      #expect(error.message.contains("grouping \"l\""))
      #expect(codeName { try store.read { try $0.check(terms, ofSources: ["x", source]) } } == "store.source-terms")
    }
    // The same again, the other term, and new sources are no change of what was divided.
    try ingest("3", "a", SourceTerms(licence: "MIT"))
    try ingest("3", "a", SourceTerms(owner: "you"))
    try ingest("4", "c", SourceTerms(licence: "CC0"))
    try store.read { try $0.check(SourceTerms(licence: "CC0"), ofSources: ["c", "d"]) }
    #expect(try described().map(\.first) == ["a", "a", "c"])
    try store.write { try $0.dropGrouping(named: "l") }
    try ingest("5", "b", SourceTerms(licence: "CC0"))
    #expect(try terms("b")?.licence == "CC0")
    #expect(try store.verify().isSound)
  }

  @Test func aLieAboutASourceIsFound() throws {
    try ingest("1", "a", SourceTerms(licence: "MIT"))
    try store.write { try $0.put([1] + string("GPL") + [0], [0, 0, 0, 0], in: SourceTerms.table) }
    let report = try store.verify()
    #expect(report.problems.contains { $0.what.contains("its licence or owner is not that of the log") })
  }
}
