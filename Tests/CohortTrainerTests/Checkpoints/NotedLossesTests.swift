import CohortStore
import CohortCore
import CohortPlanning
import CohortTrainer
import Testing

@Suite struct NotedLossesTests {
  private func losses(_ generator: inout SplitMix64) -> NotedLosses {
    func some() -> [String: LossByGroup.Statistics] {
      var losses: [String: LossByGroup.Statistics] = [:]
      for name in ["", "sums", "東京"] where Bool.random(using: &generator) {
        losses[name] = LossByGroup.Statistics(
          steps: .random(in: 1...9, using: &generator), tokens: .random(in: 1...1000, using: &generator),
          mean: .random(in: 0...9, using: &generator), first: 1.5, last: .infinity)
      }
      return losses
    }
    return NotedLosses(tasks: some(), sources: some())
  }

  @Test func bytesGiveTheSameLosses() throws {
    var generator = SplitMix64(seed: 31)
    for turn in 0..<50 {
      let losses = losses(&generator)
      #expect(try NotedLosses(decoding: losses.encode()) == losses, "seed 31, turn \(turn)")
    }
  }

  /// The table in `Schemas/checkpoint.md`, byte by byte.
  @Test func layoutIsTheDocumentedOne() throws {
    let statistics = LossByGroup.Statistics(steps: 2, tokens: 10, mean: 0.5, first: 0.75, last: 0.25)
    var writer = ByteWriter()
    writer.raw(Array("CLOS".utf8))
    writer.raw([1, 0])
    writer.raw([1])
    writer.string("sums")
    writer.fixed(UInt64(2))
    writer.fixed(UInt64(10))
    for value in [5.0, 0.75, 0.25] { writer.fixed(value) }
    writer.raw([0])
    writer.fixed(XXH3.hash64(writer.bytes))
    let losses = NotedLosses(tasks: ["sums": statistics])
    #expect(losses.encode() == writer.bytes)
    #expect(try NotedLosses(decoding: writer.bytes) == losses)
  }

  @Test func damagedBytesAreRefused() throws {
    var generator = SplitMix64(seed: 32)
    let statistics = LossByGroup.Statistics(steps: 2, tokens: 10, mean: 0.5, first: 0.75, last: 0.25)
    let bytes = NotedLosses(tasks: ["sums": statistics], sources: ["a": statistics]).encode()
    for turn in 0..<60 {
      var damaged = bytes
      let bit = Int.random(in: 0..<(bytes.count * 8), using: &generator)
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect("seed 32, turn \(turn)") { try NotedLosses(decoding: damaged) } throws: { error in
        (error as? CohortError)?.category == .corruption
      }
    }
    // A checksum that fits does not make nonsense losses.
    let sealed = { (change: (inout [UInt8]) -> Void) in resealed(bytes, change) }
    #expect { try NotedLosses(decoding: sealed { $0[4] = 2 }) } throws: { error in
      (error as? CohortError)?.code.name == "trainer.newer-format"
    }
    for change: (inout [UInt8]) -> Void in [{ $0[0] = 0 }, { $0.removeLast() }, { $0.append(0) }, { $0[6] = 99 }] {
      #expect { try NotedLosses(decoding: sealed(change)) } throws: { error in
        (error as? CohortError)?.code.name == "trainer.unreadable"
      }
    }
  }

  /// A note makes its run; a run keeps to its plan, and to its kind.
  @Test func notesAreKeptInTheStore() throws {
    let fixture = try StoreFixture()
    let record = try fixture.plan()
    let other = try fixture.plan("other", seed: 6)
    func checkpoint(_ record: PlanRecord, step: UInt64) throws -> Checkpoint {
      let plan = try Plan(decoding: record.plan)
      let loss = LossByGroup.Statistics(steps: step, tokens: 10, mean: 0.5, first: 0.75, last: 0.25)
      return Checkpoint(
        cursor: try plan.cursor(step: step),
        progress: TrainingProgress(steps: step, samples: 8, tokens: 10, losses: LossByGroup([GroupID(1): loss])),
        learner: NotedLosses.learner, state: NotedLosses(tasks: ["sums": loss]).encode())
    }
    for step in 0..<5 {
      let number = try StoreCheckpoints.note(
        checkpoint(record, step: UInt64(step)), run: "run", plan: record, in: fixture.store)
      #expect(number == UInt64(step))
    }
    let kept = try StoreCheckpoints(store: fixture.store, run: "run", plan: record)
    let expected = try checkpoint(record, step: 4)
    #expect(try kept.latest()?.checkpoint == expected)
    #expect {
      try StoreCheckpoints.note(checkpoint(other, step: 1), run: "run", plan: other, in: fixture.store)
    } throws: {
      ($0 as? CohortError)?.code.name == "trainer.foreign-run"
    }
    _ = try fixture.train(record, epochs: 1, run: "trained")
    #expect { try StoreCheckpoints.note(expected, run: "trained", plan: record, in: fixture.store) } throws: {
      ($0 as? CohortError)?.code.name == "trainer.other-learner"
    }
    #expect { try fixture.train(record, epochs: 1, resume: true, run: "run") } throws: {
      ($0 as? CohortError)?.code.name == "trainer.other-learner"
    }
  }
}
