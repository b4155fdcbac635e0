import CohortCore
import CohortStore
import Testing

/// The optional table of notes on samples.
@Suite struct SampleNotesTests {
  @Test func aNoteIsKeptWithItsSample() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    do {
      let store = try Store.create(at: path)
      var builder = SampleBatchBuilder()
      builder.add(prompt: "2+2?", response: "5")
      let prepared = builder.prepared
      _ = try store.write { try $0.ingest(prepared, source: "a", origin: "") }
      #expect(try store.read { try $0.note(on: SampleID(0)) } == nil)
      #expect(try !store.verify().tables.contains { $0.name == "notes" })
      try store.write { try $0.setNote("wrong", on: SampleID(0)) }
      try store.write { try $0.setNote("wrong answer", on: SampleID(0)) }
      #expect(try store.read { try $0.note(on: SampleID(0)) } == "wrong answer")
      let refusal = #expect(throws: CohortError.self) {
        try store.write { try $0.setNote("nothing", on: SampleID(1)) }
      }
      #expect(refusal?.code.name == "store.unknown-sample")
      let report = try store.verify()
      #expect(report.isSound && report.tables.last?.name == "notes" && report.tables.last?.records == 1)
    }
    // A program that does not know the table reads the rest.
    #expect(try Store.open(at: path, optional: []).read { try $0.counters.live } == 1)
    #expect(try Store.open(at: path).read { try $0.note(on: SampleID(0)) } == "wrong answer")
  }
}
