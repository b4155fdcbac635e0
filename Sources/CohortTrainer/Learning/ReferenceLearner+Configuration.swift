internal import CohortCore

extension ReferenceLearner {
  /// The shape of the model and of its training. All of it belongs to a learner's identity: a state is restored only
  /// into the same configuration.
  public struct Configuration: Hashable, Sendable {
    /// Seed of the initial weights.
    public var seed: UInt64 = 0
    /// How many bytes before the predicted one the model sees.
    public var contextBytes = 8
    /// Values a byte is embedded into.
    public var embeddingWidth = 16
    /// Hidden units.
    public var hiddenWidth = 64
    /// Bytes of a response that are learned from; what follows is ignored.
    public var responseLimit = 128
    /// Step size of AdamW: finite, not negative, the same for all steps.
    public var learningRate: Float = 0.01
    /// Decay of the mean of gradients, in [0, 1).
    public var beta1: Float = 0.9
    /// Decay of the mean of squared gradients, in [0, 1).
    public var beta2: Float = 0.98
    /// Added to the root of the mean of squared gradients, against division by 0: positive.
    public var epsilon: Float = 1e-8
    /// Decoupled decay of the two weight matrices; embeddings and biases do not decay.
    public var weightDecay: Float = 0.01
    /// The greatest Euclidean norm of a step's mean gradient; longer ones are scaled down to it.
    public var gradientNormLimit: Float = 1

    public init(seed: UInt64 = 0) { self.seed = seed }

    func validate() throws {
      try Self.check("the context", contextBytes, in: 1...4096)
      try Self.check("the embedding width", embeddingWidth, in: 1...4096)
      try Self.check("the hidden width", hiddenWidth, in: 1...65_536)
      try Self.check("the response limit", responseLimit, in: 1...(1 << 30))
      guard learningRate.isFinite, learningRate >= 0 else {
        throw CohortError.setting("the learning rate", learningRate, allowed: "finite and not negative")
      }
      guard weightDecay.isFinite, weightDecay >= 0 else {
        throw CohortError.setting("the weight decay", weightDecay, allowed: "finite and not negative")
      }
      guard beta1 >= 0, beta1 < 1 else { throw CohortError.setting("beta 1", beta1, allowed: "in [0, 1)") }
      guard beta2 >= 0, beta2 < 1 else { throw CohortError.setting("beta 2", beta2, allowed: "in [0, 1)") }
      guard epsilon.isFinite, epsilon > 0 else {
        throw CohortError.setting("epsilon", epsilon, allowed: "finite and positive")
      }
      guard gradientNormLimit > 0 else {
        throw CohortError.setting("the limit of the gradient's norm", gradientNormLimit, allowed: "positive")
      }
    }

    private static func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
      guard range.contains(value) else {
        throw CohortError.setting(name, value, allowed: "from \(range.lowerBound) to \(range.upperBound)")
      }
    }

    func encode(into writer: inout ByteWriter) {
      writer.fixed(seed)
      writer.fixed(UInt32(contextBytes))
      writer.fixed(UInt32(embeddingWidth))
      writer.fixed(UInt32(hiddenWidth))
      writer.fixed(UInt32(responseLimit))
      for value in [learningRate, beta1, beta2, epsilon, weightDecay, gradientNormLimit] { writer.fixed(value) }
    }

    init(from reader: inout ByteReader) throws {
      seed = try reader.fixed()
      contextBytes = Int(try reader.fixed(UInt32.self))
      embeddingWidth = Int(try reader.fixed(UInt32.self))
      hiddenWidth = Int(try reader.fixed(UInt32.self))
      responseLimit = Int(try reader.fixed(UInt32.self))
      learningRate = try reader.float()
      beta1 = try reader.float()
      beta2 = try reader.float()
      epsilon = try reader.float()
      weightDecay = try reader.float()
      gradientNormLimit = try reader.float()
    }
  }
}
