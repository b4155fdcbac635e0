import CohortClustering
import CohortCore
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Labels of anchors, as files give them.
@Suite struct AnchorLabelTests {
  private static func store(_ folder: TemporaryFolder) throws -> Store {
    let store = try Store.create(at: folder.file("store"))
    _ = try store.write { try $0.createSpace(name: "v", provider: "npy", fingerprint: "f", dimension: 2) }
    try folder.write("dev.npy", NPYFile.floats([[1, 0], [0, 1]]))
    return store
  }

  /// Nothing is guessed: bytes that are no text are named with their line, and no grouping is made.
  @Test(arguments: [
    ("dev.labels.txt", "good\n", "bad \u{0}\n"), ("dev.labels.jsonl", "\"good\"\n", "\"bad \u{0}\"\n"),
    ("dev.labels.jsonl", "\"good\"\n", "{\"label\": \"bad \u{0}\"}\n"),
    (
      "dev.jsonl", "{\"label\": \"good\", \"vector\": [1, 0]}\n", "{\"label\": \"bad \u{0}\", \"vector\": [0, 1]}\n"
    ),
  ])
  func invalidUTF8IsAnErrorWithItsLine(file: String, first: String, second: String) throws {
    for wrong: [UInt8] in [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xe2, 0x82]] {
      let folder = try TemporaryFolder()
      let store = try Self.store(folder)
      let bytes = Array(first.utf8) + second.utf8.flatMap { $0 == 0 ? wrong : [$0] }
      try Data(bytes).write(to: URL(fileURLWithPath: folder.file(file)))
      let error = #expect(throws: CohortError.self, "\(file), \(wrong)") {
        try AnchorsJob.create(
          store, name: "a", space: "v", anchors: folder.file(file == "dev.jsonl" ? file : "dev.npy"))
      }
      #expect(error?.place?.hasSuffix("\(file), line 2") == true, "\(wrong): \(error?.place ?? "")")
      #expect(try store.read { try $0.groupings().isEmpty })
    }
  }

  @Test func labelsThatOnlyLookTheSameAreTwoGroups() throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder)
    try Data("caf\u{e9}\ncafe\u{301}\n".utf8).write(to: URL(fileURLWithPath: folder.file("dev.labels.txt")))
    let report = try AnchorsJob.create(store, name: "a", space: "v", anchors: folder.file("dev.npy"))
    #expect(report.labels.map { Array($0.utf8) } == ["caf\u{e9}", "cafe\u{301}"].map { Array($0.utf8) })
  }
}
