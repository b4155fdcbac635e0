import CohortCatalog
import CohortCore
import CohortStore
import CohortTesting
import Testing

/// How refused records read in SQL.
@Suite struct QuarantineTextTests {
  /// Bytes of a record, and what is to be read of them.
  private static var excerpts: [(raw: [UInt8], text: String)] {
    func a(_ count: Int, _ rest: String) -> [UInt8] { [UInt8](repeating: 0x61, count: count) + [UInt8](rest.utf8) }
    let a253 = String(repeating: "a", count: 253)
    var found: [(raw: [UInt8], text: String)] = []
    for text in [#"{"prompt": "bad"#, "é東🦆", ""] { found.append(([UInt8](text.utf8), text)) }
    // What is no UTF-8, and what would end a text.
    found.append(([0x61, 0xff, 0x62], "a\u{fffd}b"))
    found.append(([0x61, 0x00, 0x62], "a\u{fffd}b"))
    // Cut within a character: by the 256 bytes that are shown.
    found.append((a(255, "é!"), a253 + "aa"))
    found.append((a(254, "é!"), a253 + "aé"))
    found.append((a(253, "🦆!"), a253))
    return found
  }

  @Test(arguments: excerpts)
  func theExcerptIsText(raw: [UInt8], text: String) throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    var batch = SampleBatch()
    batch.rejections.append(
      SampleBatch.Rejection(line: 1, reason: "invalid-json", detail: "", raw: raw, rawSize: UInt64(raw.count)))
    batch.records.append(.rejected(0))
    let prepared = PreparedBatch(batch)
    _ = try store.write { try $0.ingest(prepared, source: "s", origin: "s") }
    let found = try Catalog(of: store).query("SELECT typeof(excerpt), excerpt, raw_size FROM quarantine")
    #expect(found.rows == [[.text("text"), .text(text), .integer(Int64(raw.count))]])
  }
}
