import CohortCore
import CohortIngestion
import CohortTesting
import Foundation
import Testing

/// A file that the caller has open is read, whatever its path leads to by then.
@Suite struct HeldSourceTests {
  @Test func whatWasOpenedIsRead() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let lines = (0..<50).map { #"{"prompt":"first","completion":"\#($0)"}"# + "\n" }.joined()
    let path = try folder.write("a.jsonl", lines)
    let source: InputSource
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      try file.seek(toOffset: 100)
      source = try .held(file.fileDescriptor, path: path)
      try file.close()
    }
    #expect(source.size == UInt64(lines.utf8.count))
    try Data(#"{"prompt":"second","completion":"x"}"#.utf8).write(
      to: URL(fileURLWithPath: path), options: .atomic)
    for workers in [0, 2] {
      var options = IngestionOptions()
      options.workers = workers
      options.batchBytes = 1 << 10
      let reader = try IngestionReader(sources: [source], options: options)
      try reader.check()
      var count = 0
      while let next = try reader.next() {
        count += next.batch.rows.count
        #expect(next.source.path == path)
      }
      #expect(count == 50)
    }
  }

  @Test func foldersAndClosedDescriptorsAreRefused() throws {
    let folder = open(FileManager.default.temporaryDirectory.path, O_RDONLY)
    defer { close(folder) }
    #expect(throws: CohortError.self) { try InputSource.held(folder, path: "folder") }
    #expect(throws: CohortError.self) { try InputSource.held(-1, path: "nothing") }
  }
}
