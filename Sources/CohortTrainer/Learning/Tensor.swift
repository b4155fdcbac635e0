internal import CohortCore
internal import CohortKernels

/// One array of weights with its gradient and its AdamW moments.
struct Tensor: Sendable {
  var weights: [Float]
  /// Sum over the tokens of the current step.
  var gradient: [Float]
  private var first: [Float]
  private var second: [Float]
  private let decays: Bool

  /// `count` weights, uniform in (-bound, bound); bound 0 gives zeros.
  init(count: Int, bound: Float, decays: Bool, from generator: inout SplitMix64) {
    weights = []
    weights.reserveCapacity(count)
    for _ in 0..<count {
      // 24 bits are exact in a Float, so are the product with a power of two and the difference.
      let unit = Float(generator.next() >> 40) * 0x1p-23 - 1
      weights.append(bound == 0 ? 0 : unit * bound)
    }
    gradient = [Float](repeating: 0, count: count)
    first = gradient
    second = gradient
    self.decays = decays
  }

  mutating func clearGradient() { Block.clear(&gradient) }

  /// The gradient's squared Euclidean norm, summed in index order.
  var squaredNorm: Double { cohort_sum_of_squares(gradient, gradient.count) }

  mutating func update(_ parameters: cohort_adamw) {
    var parameters = parameters
    if !decays { parameters.weight_decay = 0 }
    cohort_adamw_step(&weights, &first, &second, gradient, weights.count, &parameters)
  }

  func encode(into writer: inout ByteWriter) {
    writer.varint(weights.count)
    for values in [weights, first, second] {
      for value in values { writer.fixed(value) }
    }
  }

  /// Reads back what `encode` wrote, for a tensor of the same size.
  mutating func restore(from reader: inout ByteReader) throws {
    let at = reader.offset
    guard try reader.count(unit: 12) == weights.count else {
      throw CohortError.invalid("the size of a tensor", at: at, cause: "expected \(weights.count) values")
    }
    for i in weights.indices { weights[i] = try reader.float() }
    for i in first.indices { first[i] = try reader.float() }
    for i in second.indices { second[i] = try reader.float() }
  }
}
