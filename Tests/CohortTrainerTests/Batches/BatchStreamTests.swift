import CohortCore
import CohortPlanning
import CohortReading
import CohortStore
import CohortTrainer
import Foundation
import Testing

@Suite struct BatchStreamTests {
  @Test func batchesAreThoseOfThePlan() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let plan = try Plan(decoding: record.plan)
    let batches = try fixture.batches(record)
    #expect(batches.count == Int(plan.stepsPerEpoch) * 2)
    for (index, batch) in batches.enumerated() {
      let (epoch, step) = UInt64(index).quotientAndRemainder(dividingBy: plan.stepsPerEpoch)
      let planned = try plan.step(epoch: epoch, step: step)
      let ids = try fixture.store.read {
        try $0.ids(at: planned.positions, of: record.grouping, in: fixture.snapshot)
      }
      #expect(batch.epoch == epoch && batch.step == step && batch.group == planned.group && batch.missing == 0)
      #expect(batch.samples.map(\.id) == ids)
      #expect(batch.parts == [0..<batch.samples.count])
      for sample in batch.samples {
        let stored = try #require(try fixture.store.read { try $0.sample(sample.id) })
        #expect(String(decoding: sample.prompt, as: UTF8.self) == "Answer.\n" + stored.messages[1].text)
        #expect(String(decoding: sample.response, as: UTF8.self) == stored.messages[2].text)
        #expect(stored.messages[1].text.hasPrefix("\(batch.group)."), "every sample is of the batch's group")
      }
    }
    let first = batches.prefix(Int(plan.stepsPerEpoch)).flatMap { $0.samples.map(\.id) }
    #expect(Set(first).count == StoreFixture.sizes.reduce(0, +), "every sample at least once an epoch")
  }

  @Test func readingAheadChangesNoBatch() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let expected = try fixture.batches(record, prefetch: 0)
    for prefetch in [1, 2, 7, 100] {
      #expect(try fixture.batches(record, prefetch: prefetch) == expected, "prefetch \(prefetch)")
    }
  }

  @Test func startingAtACursorGivesTheRest() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let whole = try fixture.batches(record)
    let perEpoch = whole.count / 2
    for start in [0, 1, perEpoch - 1, perEpoch, perEpoch + 2, whole.count - 1] {
      let from = (UInt64(start / perEpoch), UInt64(start % perEpoch))
      #expect(try fixture.batches(record, from: from) == Array(whole[start...]), "from \(from)")
    }
    #expect(try fixture.batches(record, from: (0, UInt64(perEpoch))) == Array(whole[perEpoch...]))
    #expect(try fixture.batches(record, from: (2, 0)).isEmpty)
  }

  @Test(arguments: [(1, 4), (2, 1), (4, 1), (8, 1), (2, 2), (3, 4)])
  func ranksTogetherGiveTheWholeStep(world: Int, accumulation: Int) throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let expected = try fixture.batches(record, prefetch: 0)
    let ranks = try (0..<world).map {
      try fixture.batches(record, share: .init(rank: $0, world: world, accumulation: accumulation))
    }
    for (step, batch) in expected.enumerated() {
      var samples: [TrainingSample] = []
      for micro in 0..<accumulation {
        for rank in ranks { samples += rank[step].samples[rank[step].parts[micro]] }
      }
      #expect(samples == batch.samples)
      #expect(ranks.allSatisfy { $0[step].group == batch.group && $0[step].parts.count == accumulation })
    }
  }

  @Test func deletedSamplesLeaveAHoleThatIsCounted() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let before = try fixture.batches(record)
    let gone: Set<SampleID> = [SampleID(0), SampleID(4), SampleID(7), SampleID(29)]
    _ = try fixture.store.write { try $0.delete(Array(gone), reason: "asked to") }
    let after = try fixture.batches(record)
    #expect(after.count == before.count)
    for (old, new) in zip(before, after) {
      #expect(new.samples == old.samples.filter { !gone.contains($0.id) })
      #expect(new.missing == old.samples.count - new.samples.count)
      #expect(new.group == old.group && new.epoch == old.epoch && new.step == old.step)
    }
    #expect(after.reduce(0) { $0 + $1.missing } >= 8)
    let shared = try fixture.batches(record, share: .init(accumulation: 4))
    #expect(shared.map(\.samples) == after.map(\.samples))
    #expect(shared.allSatisfy { $0.parts.last?.upperBound == $0.samples.count })
  }

  @Test func samplesThatComeLaterChangeNothing() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let before = try fixture.batches(record)
    var batch = SampleBatch()
    let content = SampleContent.encode([Message(role: .user, text: "new"), Message(role: .assistant, text: "yes")])
    batch.arena = content
    batch.rows = [
      SampleBatch.Row(
        content: 0..<content.count, attributes: 0..<0, contentHash: XXH3.hash64(content), task: nil, line: 1,
        lengths: SampleLengths(prompt: 3, response: 3, total: 6))
    ]
    batch.records = [.sample(0)]
    let prepared = PreparedBatch(batch)
    _ = try fixture.store.write { try $0.ingest(prepared, source: "later", origin: "memory") }
    #expect(try fixture.batches(record) == before)
  }

  /// A thread that went on would keep the store, and with it the map.
  @Test func lettingGoEndsTheThread() throws {
    weak var store: Store?
    do {
      let fixture = try StoreFixture()
      let record = try fixture.plan()
      let expected = try fixture.batches(record)
      store = fixture.store
      for taken in 0..<6 {
        let source = try StoreBatches(store: fixture.store, plan: record, prefetch: 1 + taken % 3)
        let stream = try BatchStream(source, from: source.plan.cursor(), untilEpoch: 1_000_000)
        for step in 0..<taken { #expect(try stream.next() == expected[step], "step \(step)") }
      }
      try #require(store != nil)
    }
    #expect(store == nil)
  }

  @Test func damageIsReportedInItsPlace() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let batches = try fixture.batches(record)
    // A sample whose turn comes late: its stored text is changed behind the store's back.
    var seen: Set<SampleID> = []
    var damagedStep = 0
    for (step, batch) in batches.enumerated() {
      if !batch.samples.allSatisfy({ seen.contains($0.id) }) { damagedStep = step }
      seen.formUnion(batch.samples.map(\.id))
    }
    let known = batches[..<damagedStep].flatMap { $0.samples.map(\.id) }
    let victim = try #require(batches[damagedStep].samples.first { !known.contains($0.id) })
    try Self.damage(fixture.folder + "/data.mdb", text: victim.response)
    for prefetch in [0, 1, 4] {
      let source = try StoreBatches(store: fixture.store, plan: record, prefetch: prefetch)
      let stream = try BatchStream(source, from: source.plan.cursor(), untilEpoch: 2)
      for step in 0..<damagedStep { #expect(try stream.next() == batches[step], "prefetch \(prefetch)") }
      #expect { try stream.next() } throws: { error in
        let error = error as? CohortError
        return error?.category == .corruption && "\(error?.description ?? "")".contains("\(victim.id)")
      }
      #expect(try stream.next() == nil)
    }
  }

  private static func damage(_ path: String, text: [UInt8]) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    defer { try? file.close() }
    let data = try #require(try file.readToEnd())
    var from = data.startIndex
    var places = 0
    while let range = data.range(of: Data(text), in: from..<data.endIndex) {
      try file.seek(toOffset: UInt64(range.lowerBound))
      try file.write(contentsOf: Data([data[range.lowerBound] ^ 1]))
      from = range.upperBound
      places += 1
    }
    #expect(places > 0, "the text lies uncompressed in the file")
  }

  @Test func plansThatDoNotFitAreRefused() throws {
    let fixture = try StoreFixture()
    let other = try fixture.plan("other", digest: Digest128(high: 9, low: 9))
    #expect { try StoreBatches(store: fixture.store, plan: other) } throws: { error in
      (error as? CohortError)?.code.name == "reading.plan-population"
    }
    let record = try fixture.plan()
    let stranger = try StoreFixture()
    #expect { try StoreBatches(store: stranger.store, plan: record) } throws: { error in
      (error as? CohortError)?.code.name == "reading.foreign-plan"
    }
    for share in [StepShare(rank: 2, world: 2), .init(rank: -1, world: 2), .init(accumulation: 0)] {
      #expect { try StoreBatches(store: fixture.store, plan: record, share: share) } throws: { error in
        (error as? CohortError)?.code.name == "planning.invalid-slice"
      }
    }
    #expect { try StoreBatches(store: fixture.store, plan: record, prefetch: -1) } throws: { error in
      (error as? CohortError)?.category == .usage
    }
    let source = try StoreBatches(store: fixture.store, plan: record)
    let foreign = try Plan(decoding: try fixture.plan("seed", seed: 6).plan).cursor()
    #expect { try source.batches(from: foreign, untilEpoch: 1) } throws: { error in
      (error as? CohortError)?.code.name == "planning.foreign-cursor"
    }
  }
}
