import CohortCore
import CohortStore
import CohortTesting
import Testing

@Suite struct IngestTests {
  @Test func samplesComeBackAsTheyWent() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    var builder = SampleBatchBuilder()
    for i in 0..<5000 {
      builder.add(
        prompt: "Question \(i): what is \(i) plus one?", response: "\(i + 1)", task: "t\(i % 7)",
        attributes: i % 3 == 0 ? "{\"n\":\(i)}" : "")
    }
    builder.reject("{broken")
    let batch = builder.prepared
    let outcome = try store.write { try $0.ingest(batch, source: "a/b.jsonl", origin: "/tmp/b.jsonl") }
    #expect(outcome.inserted == 5000 && outcome.duplicates == 0 && outcome.quarantined == 1)
    let again = try store.write { try $0.ingest(batch, source: "a/b.jsonl", origin: "/tmp/b.jsonl") }
    #expect(again.inserted == 0 && again.duplicates == 5000 && again.quarantined == 0 && again.quarantinedBefore == 1)
    let other = try store.write { try $0.ingest(batch, source: "c", origin: "c", dedupe: .store) }
    #expect(other.inserted == 0 && other.duplicates == 5000 && other.quarantined == 1)
    try store.read { transaction in
      for i in stride(from: 0, to: 5000, by: 37) {
        let sample = try #require(try transaction.sample(SampleID(UInt64(i))))
        #expect(sample.messages.map(\.text) == ["Question \(i): what is \(i) plus one?", "\(i + 1)"])
        #expect(sample.attributes == Array((i % 3 == 0 ? "{\"n\":\(i)}" : "").utf8))
        #expect(try transaction.task(sample.task)?.name == "t\(i % 7)")
        #expect(try transaction.lengths(sample.id).response == UInt32("\(i + 1)".count))
      }
      #expect(try transaction.counters.live == 5000)
      #expect(try transaction.quarantined(0)?.raw == Array("{broken".utf8))
    }
  }

  @Test func aSecondOwnerIsRefused() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"), owner: "first")
    let error = #expect(throws: CohortError.self) {
      try Store.open(at: folder.file("s"), access: .owner(name: "second"))
    }
    #expect(error?.code.name == "store.owned" && error?.message.contains("first") == true)
    withExtendedLifetime(store) {}
  }
}
