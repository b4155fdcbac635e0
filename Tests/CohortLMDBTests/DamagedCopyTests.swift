import CohortCore
import CohortLMDB
import CohortTesting
import Foundation
import Testing

@Suite struct DamagedCopyTests {
  /// A value on pages of its own whose first page claims more of them than the file has: what is copied would go on beyond it.
  @Test func aCopyThatWouldGoBeyondTheFileIsDamage() throws {
    let folder = try EnvironmentFolder()
    do {
      let environment = try folder.open()
      let writer = WriterThread()
      defer { writer.stop() }
      for key in 1...8 as ClosedRange<UInt64> { try environment.put(key, size: 40_000, byte: 7, with: writer) }
    }
    let file = URL(fileURLWithPath: folder.path + "/data.mdb")
    var bytes = try Data(contentsOf: file)
    // A page's head: number (8 bytes), padding (2), flags (2; 4: a value's own pages), how many pages (4).
    let first = try #require(stride(from: 8192, to: bytes.count, by: 4096).first { bytes[$0 + 10] == 4 })
    bytes.replaceSubrange(first + 12..<first + 16, with: [0, 16, 0, 0])
    try bytes.write(to: file)
    let environment = try folder.open(readOnly: true)
    let destination = try TemporaryFolder()
    #expect { try environment.copy(toFolder: destination.path, compacting: true) } throws: {
      ($0 as? CohortError)?.code.category == .corruption
    }
  }
}
