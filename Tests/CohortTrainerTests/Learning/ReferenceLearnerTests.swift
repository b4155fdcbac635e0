import CohortCore
import CohortTrainer
import Testing

@Suite struct ReferenceLearnerTests {
  /// Central differences along the gradient of every tensor's weights, and along single ones.
  @Test func gradientAgreesWithFiniteDifferences() throws {
    var learner = try ReferenceLearner(TrainingText.configuration())
    for step in 0..<6 { _ = try learner.step(TrainingText.batch(step)) }
    let batch = TrainingText.batch(1)
    let (_, tokens, gradient) = learner.gradient(of: batch)
    #expect(tokens == 4 * 40 - 4 - 2 - 8 - 8)
    let at = learner.parameters
    func difference(along direction: [(index: Int, value: Float)], by h: Float) -> Double {
      var sides: [Double] = []
      for sign: Float in [1, -1] {
        learner.parameters = at
        var moved = at
        for (index, value) in direction { moved[index] += sign * h * value }
        learner.parameters = moved
        sides.append(learner.gradient(of: batch).loss)
      }
      return (sides[0] - sides[1]) / Double(2 * h)
    }
    // Embedding, hidden weights, hidden bias, output weights, output bias.
    let sizes = [257 * 5, 20 * 18, 18, 18 * 256, 256]
    var start = 0
    for (tensor, size) in sizes.enumerated() {
      let range = start..<(start + size)
      start += size
      let norm = range.reduce(0.0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }.squareRoot()
      #expect(norm > 0.1, "tensor \(tensor)")
      let direction = range.map { ($0, gradient[$0] / Float(norm)) }
      let numeric = difference(along: direction, by: 0.01)
      #expect(abs(numeric - norm) < 0.002 * norm, "tensor \(tensor): \(numeric) and \(norm)")
      var generator = SplitMix64(seed: UInt64(tensor))
      for _ in 0..<4 {
        let index = Int.random(in: range, using: &generator)
        let numeric = difference(along: [(index, 1)], by: 0.02)
        let expected = Double(gradient[index])
        #expect(abs(numeric - expected) < 0.01 * abs(expected) + 0.01, "weight \(index): \(numeric), \(expected)")
      }
    }
    #expect(start == learner.parameterCount)
  }

  @Test func lossFallsOnText() throws {
    var learner = try ReferenceLearner(TrainingText.configuration())
    var losses: [Double] = []
    for step in 0..<300 { losses.append(try learner.step(TrainingText.batch(step)).loss) }
    let first = losses.prefix(3).reduce(0, +) / 3
    let last = losses.suffix(3).reduce(0, +) / 3
    #expect(abs(first - 5.545) < 0.3, "a fresh learner is close to ln 256: \(first)")
    #expect(last < 1.6, "\(last)")
  }

  /// One sequence of batches gives these weights on every machine and in every release.
  @Test func weightsAreGolden() throws {
    var learner = try ReferenceLearner(TrainingText.configuration(seed: 42))
    #expect(learner.weightsDigest.description == "1585ce7946010ae8a08b958061644586")
    for step in 0..<30 { _ = try learner.step(TrainingText.batch(step)) }
    #expect(learner.weightsDigest.description == "8cb72dcf64ba6527610283375d3387f0")
    #expect(XXH3.hash128(learner.state()).description == "4b121dfbf782a63f4a8b6eda491e9810")
    let other = try ReferenceLearner(TrainingText.configuration(seed: 43))
    #expect(other.weightsDigest.description != "1585ce7946010ae8a08b958061644586")
  }

  @Test func partsChangeNoBit() throws {
    let divisions: [[Range<Int>]] = [[0..<4], [0..<1, 1..<2, 2..<3, 3..<4], [0..<3, 3..<3, 3..<4], [0..<2, 2..<4]]
    var digests: Set<Digest128> = []
    var losses: Set<[Double]> = []
    for division in divisions {
      var learner = try ReferenceLearner(TrainingText.configuration())
      losses.insert(try (0..<9).map { try learner.step(TrainingText.batch($0, parts: division)).loss })
      digests.insert(learner.weightsDigest)
    }
    #expect(digests.count == 1)
    #expect(losses.count == 1)
  }

  @Test func restoredLearnerGoesOnAsIfNothingHadHappened() throws {
    var whole = try ReferenceLearner(TrainingText.configuration())
    for step in 0..<20 { _ = try whole.step(TrainingText.batch(step)) }
    for stop in [0, 1, 7, 19, 20] {
      var before = try ReferenceLearner(TrainingText.configuration())
      for step in 0..<stop { _ = try before.step(TrainingText.batch(step)) }
      var after = try ReferenceLearner(TrainingText.configuration())
      for step in 0..<3 { _ = try after.step(TrainingText.batch(step)) }
      try after.restore(before.state())
      #expect(after.state() == before.state())
      #expect(after.weightsDigest == before.weightsDigest)
      for step in stop..<20 { _ = try after.step(TrainingText.batch(step)) }
      #expect(after.weightsDigest == whole.weightsDigest, "stopped after \(stop) steps")
      #expect(after.state() == whole.state())
    }
  }

  @Test func damagedStateIsRefusedAndChangesNothing() throws {
    var learner = try ReferenceLearner(TrainingText.configuration())
    let state = learner.state()
    let digest = learner.weightsDigest
    var generator = SplitMix64(seed: 11)
    for _ in 0..<40 {
      var damaged = state
      let bit = Int.random(in: 0..<(state.count * 8), using: &generator)
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect { try learner.restore(damaged) } throws: { ($0 as? CohortError)?.category == .corruption }
    }
    for count in [0, 1, 7, 8, 100, state.count - 1] {
      #expect { try learner.restore(Array(state.prefix(count))) } throws: { error in
        (error as? CohortError)?.code.name == "trainer.unreadable"
      }
    }
    #expect(learner.weightsDigest == digest)
  }

  @Test func stateOfOtherSettingsIsRefused() throws {
    var learner = try ReferenceLearner(TrainingText.configuration())
    var settings = TrainingText.configuration()
    settings.hiddenWidth += 1
    let other = try ReferenceLearner(settings)
    #expect { try learner.restore(other.state()) } throws: {
      ($0 as? CohortError)?.code.name == "trainer.other-settings"
    }
  }

  @Test func nothingToPredictChangesNothing() throws {
    var learner = try ReferenceLearner(TrainingText.configuration())
    let state = learner.state()
    let silent = TrainingSample(id: SampleID(1), prompt: [65, 66], response: [])
    let batches = [
      TrainingBatch(epoch: 0, step: 0, group: GroupID(0), samples: [], missing: 4),
      TrainingBatch(epoch: 0, step: 1, group: GroupID(0), samples: [silent, silent]),
    ]
    for batch in batches {
      #expect(try learner.step(batch) == StepOutcome(loss: 0, tokens: 0))
      #expect(learner.state() == state)
    }
  }

  @Test func divergenceIsAnErrorAndLeavesTheWeights() throws {
    var learner = try ReferenceLearner(TrainingText.configuration())
    var weights = learner.parameters
    for i in weights.indices { weights[i] = 3e38 }
    learner.parameters = weights
    let digest = learner.weightsDigest
    #expect { try learner.step(TrainingText.batch(0)) } throws: {
      ($0 as? CohortError)?.code.name == "trainer.diverged"
    }
    #expect(learner.weightsDigest == digest)
  }

  @Test func senselessSettingsAreRefused() {
    var settings = Array(repeating: TrainingText.configuration(), count: 6)
    settings[0].contextBytes = 0
    settings[1].hiddenWidth = -1
    settings[2].learningRate = .nan
    settings[3].beta2 = 1
    settings[4].epsilon = 0
    settings[5].gradientNormLimit = .nan
    for setting in settings {
      #expect { try ReferenceLearner(setting) } throws: { ($0 as? CohortError)?.category == .usage }
    }
  }

  @Test func textOfAnyBytesIsLearnedFrom() throws {
    var learner = try ReferenceLearner(TrainingText.configuration())
    let all = TrainingSample(id: SampleID(0), prompt: [], response: (0...255).map { UInt8($0) })
    let batch = TrainingBatch(epoch: 0, step: 0, group: GroupID(0), samples: [all])
    #expect(try learner.step(batch).tokens == 40)
  }
}
