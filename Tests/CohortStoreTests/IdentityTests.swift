import CohortCore
import CohortStore
import CohortTesting
import Testing

/// What counts as the same sample when contents are equal.
@Suite struct IdentityTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), configuration: StoreConfiguration(dedupe: .store))
  }

  private func ingest(_ attributes: [String], task: String? = nil, rule: IdentityRule = IdentityRule()) throws
    -> IngestOutcome
  {
    var builder = SampleBatchBuilder()
    for text in attributes { builder.add(prompt: "q", response: "a", task: task, attributes: text) }
    var batch = builder.batch
    batch.identity = rule
    let prepared = PreparedBatch(batch)
    return try store.write { try $0.ingest(prepared, source: "x", origin: "") }
  }

  @Test(
    arguments: [
      (#"{"rejected":"b"}"#, #"{"rejected":"c"}"#), (#"{"image":"1.png"}"#, #"{"image":"2.png"}"#),
      (#"{"images":["1.png"]}"#, ""), (#"{"tools":[{"name":"f"}]}"#, #"{"tools":[{"name":"g"}]}"#),
      (#"{"tool_defs":"[]"}"#, #"{"tool_defs":"[1]"}"#), (#"{"label":true}"#, #"{"label":false}"#),
    ]) func recordsThatDifferInWhatIsTrainedOnAreTwoSamples(_ one: String, _ other: String) throws
  {
    // In one batch, and in two.
    #expect(try ingest([one, other, one]).samples == [SampleID(0), SampleID(1), SampleID(0)])
    let again = try ingest([other, one])
    #expect(again.samples == [SampleID(1), SampleID(0)])
    #expect(again.inserted == 0 && again.duplicatesDiffering == 0)
    #expect(try store.verify().isSound)
  }

  @Test func recordsThatDifferInScoresAreOneSample() throws {
    let outcome = try ingest([#"{"score":1,"id":"a"}"#, #"{"id":"b","score":2}"#, #"{"id":"a","score":1}"#])
    #expect(outcome.inserted == 1 && outcome.duplicates == 2 && outcome.duplicatesDiffering == 1)
    let again = try ingest([#"{"id":"a","score":1}"#, #"{"score":3}"#], task: "t")
    #expect(again.duplicates == 2 && again.duplicatesDiffering == 1 && again.duplicatesRelabelled == 2)
    // Coming without a task says nothing of it.
    #expect(try ingest([#"{"id":"a","score":1}"#]).duplicatesRelabelled == 0)
  }

  @Test func theLayoutsKeysAndTheUsersCount() throws {
    let rule = IdentityRule(identityKeys: ["turn"], ignoredKeys: ["images"], layoutKeys: ["output"])
    let texts = [#"{"Output":1}"#, #"{"Output":2}"#, #"{"turn":1}"#, #"{"turn":2}"#, #"{"images":[1]}"#, ""]
    let ids: [UInt64?] = [0, 1, 2, 3, 4, 4]
    #expect(try ingest(texts, rule: rule).samples.map { $0?.rawValue } == ids)
    #expect(try ingest(texts, rule: rule).samples.map { $0?.rawValue } == ids)
  }

  /// One content with very many images costs no comparison of each with each.
  @Test func oneContentWithManyImages() throws {
    let images = (0..<3_000).map { #"{"images":["\#($0).png"]}"# }
    #expect(try ingest(images).inserted == 3_000)
    let again = try ingest(images.reversed() + [#"{"images":["new.png"]}"#])
    #expect(again.inserted == 1 && again.duplicates == 3_000)
    #expect(again.samples.first == SampleID(2_999))
  }

  /// A store of before has but one of such records: the others come in now.
  @Test func whatWasLostAsADuplicateComesIn() throws {
    _ = try ingest([#"{"rejected":"b"}"#], rule: IdentityRule(ignoredKeys: ["rejected"]))
    #expect(try ingest([#"{"rejected":"c"}"#], rule: IdentityRule(ignoredKeys: ["rejected"])).inserted == 0)
    #expect(try ingest([#"{"rejected":"b"}"#, #"{"rejected":"c"}"#]).isNew == [false, true])
  }
}
