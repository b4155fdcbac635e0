public import CohortCore
internal import CohortKernels

/// A small byte-level language model that really learns: it proves that a pipeline delivers the right batches in the
/// right order, and nothing else. It is no way to a useful model.
///
/// The neural language model of Bengio et al. (2003) over bytes: the last `contextBytes` bytes, each embedded, side by
/// side; one hidden layer with tanh; softmax over 256 bytes. The loss is the cross-entropy of the response's bytes, each
/// given the bytes before it in prompt and response. AdamW (Loshchilov and Hutter, 2019).
///
/// **Determinism.** One thread; every sum has a fixed order, which runs over the tokens of a step sample by sample and
/// knows nothing of parts or blocks; no operation depends on the C library or on the width of vector registers. So the
/// same batches give the same weights, bit for bit, on every machine, and for every number of accumulation parts.
public struct ReferenceLearner: Learner, Sendable {
  /// Fixed when the learner is made, and part of its state.
  public let configuration: Configuration
  public var kind: String { Self.kind }
  public static let kind = "reference"

  /// Symbol 256 stands for what is not a byte: before the text, and between prompt and response.
  static let boundary: UInt16 = 256
  private static let symbolCount = 257
  private static let classes = 256
  /// Tokens that go through the matrices together: small enough that all of a block stays in the second-level cache.
  private static let blockRows = 64

  private var embedding: Tensor
  private var hiddenWeights: Tensor
  private var hiddenBias: Tensor
  private var outputWeights: Tensor
  private var outputBias: Tensor
  private(set) var updates: UInt64 = 0
  private var beta1Power = 1.0
  private var beta2Power = 1.0
  private var block: Block

  /// A learner with fresh weights.
  /// - Throws: `trainer.setting` for a configuration that makes no sense.
  public init(_ configuration: Configuration = Configuration()) throws {
    try configuration.validate()
    self.configuration = configuration
    let width = configuration.contextBytes * configuration.embeddingWidth
    let hidden = configuration.hiddenWidth
    var generator = SplitMix64(seed: Mixing.key(0x7265_6665_7265_6e63, configuration.seed))
    embedding = Tensor(
      count: Self.symbolCount * configuration.embeddingWidth, bound: 0.5, decays: false, from: &generator)
    // Glorot and Bengio (2010): the variance of activations and gradients stays the same through a layer.
    hiddenWeights = Tensor(
      count: width * hidden, bound: (6 / Float(width + hidden)).squareRoot(), decays: true, from: &generator)
    hiddenBias = Tensor(count: hidden, bound: 0, decays: false, from: &generator)
    outputWeights = Tensor(
      count: hidden * Self.classes, bound: (6 / Float(hidden + Self.classes)).squareRoot(), decays: true,
      from: &generator)
    outputBias = Tensor(count: Self.classes, bound: 0, decays: false, from: &generator)
    block = Block(rows: Self.blockRows, width: width, hidden: hidden, classes: Self.classes)
  }

  /// Forward, backward and one update by AdamW. A batch without anything to predict changes no weight.
  /// - Throws: `trainer.diverged` when the loss or the gradient is not finite; the weights are as before.
  /// - Complexity: O(tokens x (context x embedding x hidden + hidden x 256)), about 75,000 multiplications a byte
  ///   with the default configuration, forward and backward.
  public mutating func step(_ batch: TrainingBatch) throws -> StepOutcome {
    let (loss, tokens) = accumulateGradient(of: batch)
    guard tokens > 0 else { return StepOutcome(loss: 0, tokens: 0) }
    let squared =
      embedding.squaredNorm + hiddenWeights.squaredNorm + hiddenBias.squaredNorm + outputWeights.squaredNorm
      + outputBias.squaredNorm
    guard loss.isFinite, squared.isFinite else {
      throw CohortError(
        .trainerDiverged, "training diverged: the loss is not finite",
        place: "epoch \(batch.epoch), step \(batch.step), group \(batch.group)",
        hint: "Lower the learning rate (\(configuration.learningRate)) and train again")
    }
    var scale = 1 / Double(tokens)
    let norm = squared.squareRoot() * scale
    let limit = Double(configuration.gradientNormLimit)
    if norm > limit { scale *= limit / norm }
    updates += 1
    beta1Power *= Double(configuration.beta1)
    beta2Power *= Double(configuration.beta2)
    let parameters = cohort_adamw(
      learning_rate: configuration.learningRate, beta1: configuration.beta1, beta2: configuration.beta2,
      epsilon: configuration.epsilon, weight_decay: configuration.weightDecay,
      correction1: Float(1 / (1 - beta1Power)), correction2: Float(1 / (1 - beta2Power)),
      gradient_scale: Float(scale))
    embedding.update(parameters)
    hiddenWeights.update(parameters)
    hiddenBias.update(parameters)
    outputWeights.update(parameters)
    outputBias.update(parameters)
    return StepOutcome(loss: loss / Double(tokens), tokens: tokens)
  }

  /// Fills the tensors' gradients with sums over the batch's tokens.
  /// - Returns: the loss summed over the tokens, in nats, and their number.
  private mutating func accumulateGradient(of batch: TrainingBatch) -> (loss: Double, tokens: Int) {
    embedding.clearGradient()
    hiddenWeights.clearGradient()
    hiddenBias.clearGradient()
    outputWeights.clearGradient()
    outputBias.clearGradient()
    block.prepare(hiddenWeights: hiddenWeights.weights, outputWeights: outputWeights.weights)
    var loss = 0.0
    var tokens = 0
    for part in batch.parts {
      for sample in batch.samples[part] {
        let symbols = self.symbols(of: sample)
        for end in configuration.contextBytes..<symbols.count {
          let context = symbols[(end - configuration.contextBytes)..<end]
          block.append(context, target: UInt8(truncatingIfNeeded: symbols[end]))
          tokens += 1
          if block.count == Self.blockRows { learnBlock(&loss) }
        }
      }
      learnBlock(&loss)
    }
    return (loss, tokens)
  }

  /// The symbols a sample is learned from: as many before the response as the model sees, then the response.
  private func symbols(of sample: TrainingSample) -> [UInt16] {
    let prompt = sample.prompt.suffix(configuration.contextBytes - 1)
    let response = sample.response.prefix(configuration.responseLimit)
    var symbols: [UInt16] = []
    symbols.reserveCapacity(configuration.contextBytes + response.count)
    for _ in prompt.count..<(configuration.contextBytes - 1) { symbols.append(Self.boundary) }
    for byte in prompt { symbols.append(UInt16(byte)) }
    symbols.append(Self.boundary)
    for byte in response { symbols.append(UInt16(byte)) }
    return symbols
  }

  /// Forward and backward for the tokens of the block, then empties it.
  private mutating func learnBlock(_ loss: inout Double) {
    let rows = block.count
    guard rows > 0 else { return }
    let (width, hidden, classes) = (block.width, block.hidden, Self.classes)
    let symbols = rows * configuration.contextBytes
    cohort_gather_rows(embedding.weights, block.contexts, &block.input, symbols, configuration.embeddingWidth)
    cohort_fill_rows(hiddenBias.weights, &block.activation, rows, hidden)
    cohort_matrix_multiply_add(block.input, width, 1, hiddenWeights.weights, &block.activation, rows, width, hidden)
    cohort_tanh(&block.activation, rows * hidden)
    cohort_fill_rows(outputBias.weights, &block.logits, rows, classes)
    cohort_matrix_multiply_add(
      block.activation, hidden, 1, outputWeights.weights, &block.logits, rows, hidden, classes)
    loss = cohort_softmax_cross_entropy(&block.logits, block.targets, rows, loss)

    cohort_matrix_multiply_add(
      block.activation, 1, hidden, block.logits, &outputWeights.gradient, hidden, rows, classes)
    cohort_add_rows(block.logits, &outputBias.gradient, rows, classes)
    block.clearHiddenGradient()
    cohort_matrix_multiply_add(
      block.logits, classes, 1, block.outputTransposed, &block.activationGradient, rows, classes, hidden)
    cohort_tanh_gradient(block.activation, &block.activationGradient, rows * hidden)
    cohort_matrix_multiply_add(
      block.input, 1, width, block.activationGradient, &hiddenWeights.gradient, width, rows, hidden)
    cohort_add_rows(block.activationGradient, &hiddenBias.gradient, rows, hidden)
    block.clearInputGradient()
    cohort_matrix_multiply_add(
      block.activationGradient, hidden, 1, block.hiddenTransposed, &block.inputGradient, rows, hidden, width)
    cohort_scatter_add_rows(
      block.inputGradient, block.contexts, &embedding.gradient, symbols, configuration.embeddingWidth)
    block.empty()
  }
}

// MARK: - State

extension ReferenceLearner {
  private static let magic: UInt32 = 0x4e52_4c43
  private static let stateVersion: UInt16 = 1

  /// Layout in `Schemas/checkpoint.md`.
  /// - Complexity: O(weights); about 350 KB with the default configuration.
  public func state() -> [UInt8] {
    var writer = ByteWriter(capacity: 128 + 12 * parameterCount)
    writer.fixed(Self.magic)
    writer.fixed(Self.stateVersion)
    configuration.encode(into: &writer)
    writer.fixed(updates)
    writer.fixed(beta1Power)
    writer.fixed(beta2Power)
    for tensor in [embedding, hiddenWeights, hiddenBias, outputWeights, outputBias] { tensor.encode(into: &writer) }
    writer.fixed(XXH3.hash64(writer.bytes))
    return writer.bytes
  }

  /// Takes over weights, optimiser moments and their clock. Leaves the learner as it was when it throws.
  /// - Throws: `trainer.other-settings` when the state is of other settings; `trainer.unreadable` for damaged bytes,
  ///   `trainer.newer-format`.
  public mutating func restore(_ state: [UInt8]) throws {
    let what = "the state of the reference learner"
    var restored = self
    do {
      let body = try Checksummed.body(of: state)
      try body.withUnsafeBytes { bytes in
        try ByteReader.decode(bytes) { reader in
          guard try reader.fixed(UInt32.self) == Self.magic else {
            throw CohortError.invalid("the first word", at: 0, cause: "these bytes are no learner's state")
          }
          let version = try reader.fixed(UInt16.self)
          guard version == Self.stateVersion else {
            throw CohortError.newerFormat(what, version: version, known: Self.stateVersion)
          }
          let configuration = try Configuration(from: &reader)
          guard configuration == self.configuration else {
            throw CohortError(
              .trainerOtherSettings, "the checkpoint is of a learner with other settings",
              cause: "it has \(configuration), asked for is \(self.configuration)",
              hint: "Resume with the settings the run was started with")
          }
          restored.updates = try reader.fixed()
          restored.beta1Power = try reader.double()
          restored.beta2Power = try reader.double()
          try restored.embedding.restore(from: &reader)
          try restored.hiddenWeights.restore(from: &reader)
          try restored.hiddenBias.restore(from: &reader)
          try restored.outputWeights.restore(from: &reader)
          try restored.outputBias.restore(from: &reader)
        }
      }
    } catch let error as CohortError where error.isFormat {
      throw CohortError.unreadable(what, cause: error.description)
    }
    self = restored
  }

  /// XXH3-128 over the bits of all weights, little-endian, in the order of `parameters`. Equal digests: equal learners, up
  /// to the optimiser.
  /// - Complexity: O(parameters); copies them.
  public var weightsDigest: Digest128 {
    var writer = ByteWriter(capacity: 4 * parameterCount)
    for value in parameters { writer.fixed(value) }
    return XXH3.hash128(writer.bytes)
  }
}

// MARK: - Looking inside

extension ReferenceLearner {
  /// Trained values: weights and biases, without the moments of the optimiser.
  public var parameterCount: Int {
    embedding.weights.count + hiddenWeights.weights.count + hiddenBias.weights.count + outputWeights.weights.count
      + outputBias.weights.count
  }

  /// All weights: embedding, hidden weights and bias, output weights and bias.
  package var parameters: [Float] {
    get {
      embedding.weights + hiddenWeights.weights + hiddenBias.weights + outputWeights.weights + outputBias.weights
    }
    set {
      precondition(newValue.count == parameterCount, "the number of weights is fixed")
      var rest = newValue[...]
      func take(_ weights: inout [Float]) {
        let count = weights.count
        weights = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
      }
      take(&embedding.weights)
      take(&hiddenWeights.weights)
      take(&hiddenBias.weights)
      take(&outputWeights.weights)
      take(&outputBias.weights)
    }
  }

  /// Loss and gradient of a batch, summed over its tokens, in the order of `parameters`. Changes no weight.
  package mutating func gradient(of batch: TrainingBatch) -> (loss: Double, tokens: Int, gradient: [Float]) {
    let (loss, tokens) = accumulateGradient(of: batch)
    return (
      loss, tokens,
      embedding.gradient + hiddenWeights.gradient + hiddenBias.gradient + outputWeights.gradient
        + outputBias.gradient
    )
  }
}
