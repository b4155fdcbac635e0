import CohortCore
import CohortPlanning
import CohortReading
import CohortStore
import CohortTesting
import Testing

/// A batch holds what the samples are when they are read one by one.
@Suite struct TextBatchTests {
  /// Conversations of all shapes: no message, no response, masked turns, tools, roles with names, deleted ones.
  private static let conversations: [[Message]] = [
    [Message(role: .user, text: "q"), Message(role: .assistant, text: "a")],
    [],
    [Message(role: .system, text: ""), Message(role: .user, text: "only asked: ä€𝄞")],
    [
      Message(role: .assistant, text: "a", extra: Array(#"{"weight":1}"#.utf8)),
      Message(role: .other("critic"), text: "c"),
      Message(role: .assistant, text: "masked", extra: Array(#"{"weight":0}"#.utf8)), Message(role: .tool, text: "t"),
    ],
    [
      Message(role: .user, text: "u"),
      Message(role: .assistant, text: "", extra: Array(#"{"train":false}"#.utf8)),
    ],
    [Message(role: .other("ß"), text: String(repeating: "long ", count: 3_000))],
  ]

  private let folder: TemporaryFolder
  private let store: Store
  private static let samples = UInt64(60)
  private static let deleted: [UInt64] = [4, 33]

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), mapSize: 64 << 20)
    var builder = SampleBatchBuilder()
    for number in 0..<Int(Self.samples) {
      builder.add(
        Self.conversations[number % Self.conversations.count], lengths: SampleLengths(prompt: 1, response: 1, total: 2),
        task: number % 4 == 0 ? "t" : nil, attributes: number % 3 == 0 ? #"{"number":\#(number)}"# : "",
        line: UInt64(number * 2 + 1))
    }
    let prepared = builder.prepared
    try store.write { transaction in
      _ = try transaction.ingest(prepared, source: "s", origin: "", dedupe: DedupeScope.none)
      _ = try transaction.delete(Self.deleted.map { SampleID($0) }, reason: "")
    }
  }

  private func expect(_ batch: TextBatch, holds ids: [UInt64], _ place: String = "") throws {
    try #require(batch.count == ids.count, "\(place)")
    for (index, id) in ids.enumerated() {
      #expect(batch.id(index) == SampleID(id))
      #expect(batch.line(index) == id * 2 + 1 && batch.task(index) == (id % 4 == 0 ? TaskID(1) : .missing))
      let messages = batch.messages(of: index)
      guard let sample = try store.read({ try $0.sample(SampleID(id)) }) else {
        #expect(batch.isMissing(index) && messages.isEmpty && batch.response(of: index) == nil)
        #expect(batch.attributes(index).isEmpty && batch.tools(index).isEmpty)
        continue
      }
      #expect(!batch.isMissing(index) && batch.source(index) == sample.source)
      #expect(
        messages.map {
          Message(
            role: batch.role($0), text: String(decoding: batch.text($0), as: UTF8.self), extra: [UInt8](batch.extra($0))
          )
        } == sample.messages, "sample \(id) \(place)")
      #expect(
        batch.response(of: index).map { $0 - messages.lowerBound } == sample.parts.response, "sample \(id) \(place)")
      #expect([UInt8](batch.attributes(index)) == sample.attributes && [UInt8](batch.tools(index)) == sample.tools)
    }
  }

  @Test func samplesAreThoseReadAlone() throws {
    let seed = Torture.seed
    var random = TestRandom(seed: seed)
    let batch = TextBatch()
    for round in 0..<40 {
      // Larger and smaller ones by turns, into the same memory.
      let ids = (0..<random.below(round % 2 == 0 ? 100 : 5)).map { _ in UInt64(random.below(Int(Self.samples))) }
      try ids.withUnsafeBufferPointer { try batch.read($0, from: store) }
      try expect(batch, holds: ids, "seed \(seed), round \(round)")
      #expect(batch.label == nil && batch.parts == [0..<ids.count])
    }
  }

  @Test func toolsAreThoseOfTheSample() throws {
    let content = SampleContent.encode(Self.conversations[0], tools: Array(#"[{"name":"f"}]"#.utf8))
    var places: [SampleContent.MessagePlace] = []
    let tools = try content.withUnsafeBytes { bytes in try SampleContent.forEachPlace(in: bytes) { places.append($0) } }
    #expect(String(decoding: content[tools], as: UTF8.self) == #"[{"name":"f"}]"#)
    #expect(places.map(\.role) == [.user, .assistant])
    #expect(places.map { String(decoding: content[$0.text], as: UTF8.self) } == ["q", "a"])
  }

  @Test func anIDThatTheStoreNeverHadLeavesNothing() throws {
    let batch = TextBatch()
    for strange in [Self.samples, .max] {
      try [0, 1].withUnsafeBufferPointer { try batch.read($0, from: store) }
      let error = try failure { try [0, strange].withUnsafeBufferPointer { try batch.read($0, from: store) } }
      #expect(error.code.name == "store.unknown-sample" && error.category == .notFound)
      #expect(batch.count == 0 && batch.parts == [0..<0])
    }
  }

  @Test func aStepIsReadAsItIsVisited() throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan())
    _ = try fixture.store.write { try $0.delete([SampleID(2), SampleID(8)], reason: "") }
    let batch = TextBatch()
    for index in 0..<pinned.plan.stepsPerEpoch {
      let step = try pinned.plan.step(epoch: 1, step: index)
      for share in [StepShare(), StepShare(rank: 1, world: 2), StepShare(rank: 0, world: 2, accumulation: 3)] {
        var visited: [(part: Int, id: SampleID, text: [UInt8])] = []
        let holes = try pinned.visit(step, share: share) { part, sample in
          try sample.withParts { visited.append((part, sample.id, SampleContent.PartsView.joined($0.messages[...]))) }
        }
        try pinned.read(step, share: share, into: batch)
        let (ids, bounds) = try pinned.ids(of: step, share: share)
        #expect((0..<batch.count).map(batch.id) == ids)
        #expect(
          batch.parts == zip(bounds, bounds.dropFirst()).map { $0..<$1 } && batch.parts.count == share.accumulation)
        #expect(batch.label?.epoch == 1 && batch.label?.step == index && batch.label?.group == step.group)
        var read: [(part: Int, id: SampleID, text: [UInt8])] = []
        for (part, samples) in batch.parts.enumerated() {
          for sample in samples where !batch.isMissing(sample) {
            let texts = batch.messages(of: sample).map { [UInt8](batch.text($0)) }
            read.append((part, batch.id(sample), Array(texts.joined(separator: [UInt8(ascii: "\n")]))))
          }
        }
        #expect(read.elementsEqual(visited) { $0 == $1 })
        #expect((0..<batch.count).count { batch.isMissing($0) } == holes)
      }
    }
    let step = try pinned.plan.step(epoch: 0, step: 0)
    #expect(
      codeName { try pinned.read(step, share: StepShare(rank: 2, world: 2), into: batch) } == "planning.invalid-slice")
    #expect(batch.count == 0 && batch.label == nil)
  }

  /// A step that may hold several groups has none.
  @Test func mixedStepsHaveNoGroup() throws {
    let fixture = try ReadingFixture()
    let pinned = try PinnedPlan(fixture.store, try fixture.plan(kind: .random))
    let batch = TextBatch()
    try pinned.read(try pinned.plan.step(epoch: 0, step: 0), into: batch)
    #expect(batch.count > 0 && batch.label?.group == nil)
  }
}
