import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Whether an attribute is there at all is looked up before anybody relies on it.
@Suite struct AttributeLookTests {
  private func look(
    _ key: String, _ records: [String], deleting deleted: [UInt64] = [], licence: String? = nil
  ) throws -> AttributeLook {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    let path = folder.file("data.jsonl")
    try Data(records.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    if !records.isEmpty {
      var request = IngestRequest(paths: [path])
      request.terms.licence = licence.map { .text($0) }
      try #require(try IngestJob.run(store, request).inserted == UInt64(records.count))
    }
    if !deleted.isEmpty { _ = try store.write { try $0.delete(deleted.map { SampleID($0) }, reason: "") } }
    return try store.read { try AttributeLook(for: key, $0) }
  }

  private func records(_ count: Int, _ attributes: (Int) -> String) -> [String] {
    (0..<count).map { #"{"prompt":"p\#($0)","completion":"c"\#(attributes($0))}"# }
  }

  @Test func anAttributeThatIsThereIsFound() throws {
    let late = try look("level", records(50) { $0 == 49 ? #","level":3"# : "" })
    #expect(late.isFound && late.warning(of: "level") == nil && late.samples == 50)
    #expect(try look("licence", records(3) { _ in "" }, licence: "MIT").isFound, "that of the source")
  }

  @Test func anAttributeThatIsNotThereIsToldOf() throws {
    let missing = try look("levle", records(20) { $0 % 2 == 0 ? #","level":3,"x":1"# : #","level":2"# })
    #expect(!missing.isFound && missing.isWhole && missing.samples == 20 && missing.others == ["level", "x"])
    #expect(missing.warning(of: "levle")?.contains("Did you mean 'level'?") == true)
    let other = try look("colour", records(3) { _ in #","level":3"# })
    #expect(other.warning(of: "colour")?.hasSuffix("They have: level") == true)
    #expect(try look("colour", records(3) { _ in "" }).warning(of: "colour")?.contains("no attributes at all") == true)
    // A value that is null is none.
    #expect(try !look("level", records(3) { _ in #","level":null"# }).isFound)
  }

  @Test func deletedSamplesAndEmptyStoresSayNothing() throws {
    #expect(try look("level", []).warning(of: "level") == nil)
    let gone = try look("level", records(3) { $0 == 1 ? #","level":3"# : "" }, deleting: [1])
    #expect(!gone.isFound && gone.samples == 2)
  }
}
