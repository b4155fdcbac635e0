import CohortActions
import CohortCatalog
import CohortCore
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Answers that are handed over row by row, of a catalog that turns out to be damaged.
@Suite struct MendedAnswerTests {
  /// Before the first row the question is asked once more, and whoever takes the rows sees nothing of it. Behind it there is an
  /// error: rows are never given twice.
  @Test func anAnswerIsAskedForAgainBeforeItsFirstRow() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    for number in 0..<400 {
      try store.write { try $0.saveQuery(named: "q\(number)", sql: "SELECT \(number)") }
    }
    let file = URL(fileURLWithPath: store.path + "/" + Catalog.fileName)
    do { _ = try Catalog(of: store) }
    let sound = try Data(contentsOf: file)
    var (mended, refused) = (0, 0)
    for page in 1..<sound.count / 4096 {
      // Kept and unharmed when it is opened; then a page is damaged on the disk.
      let keeper = try Catalog(of: store)
      SharedCatalog.of(store).keep(keeper)
      defer { SharedCatalog.of(store).keep(nil) }
      var bytes = try Data(contentsOf: file)
      bytes[page * 4096 % bytes.count + 2000] ^= 1
      let handle = try FileHandle(forUpdating: file)
      try handle.write(contentsOf: bytes)
      try handle.close()
      var (heads, sequences) = (0, [Int64]())
      let receiver = CatalogQuery.Receiver(
        columns: { _ in heads += 1 },
        row: { row in
          if case .integer(let sequence)? = row.fields.first?.value { sequences.append(sequence) }
        })
      do {
        try CatalogQuery(store, limits: QueryLimits()).answer(
          "SELECT sequence, summary FROM log ORDER BY sequence", JobControl(), to: receiver)
        #expect(sequences == Array(1..<Int64(sequences.count) + 1) && sequences.count >= 400, "page \(page)")
        if try Data(contentsOf: file) != bytes { mended += 1 }
      } catch let error as CohortError {
        #expect(error.code.name == "catalog.damaged" && !sequences.isEmpty, "page \(page): \(error)")
        #expect(sequences == Array(1..<Int64(sequences.count) + 1), "page \(page)")
        refused += 1
      }
      #expect(heads == 1, "page \(page)")
    }
    #expect(mended > 0 && refused > 0, "\(mended) asked once more, \(refused) errors behind rows")
  }
}
