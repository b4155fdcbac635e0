import CohortCore

/// Choices and numbers for tests, from a seed: what a failure says with its seed can be seen again.
package struct TestRandom: RandomNumberGenerator, Sendable {
  private var generator: SplitMix64

  package init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  package mutating func next() -> UInt64 { generator.next() }

  /// From 0 to `bound`, which is excluded.
  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// Between 0 and 1, both excluded.
  package mutating func unit() -> Double { (Double(next() >> 11) + 0.5) / 9_007_199_254_740_992 }

  /// A standard normal draw (Box and Muller), with the same bits everywhere: no C library is asked.
  package mutating func normal() -> Double {
    let radius = (-2 * Self.log(unit())).squareRoot()
    return radius * Self.cos(2 * .pi * unit())
  }

  /// Directions at random.
  package mutating func rows(_ count: Int, dimension: Int) -> [[Float]] {
    (0..<count).map { _ in (0..<dimension).map { _ in Float(normal()) } }
  }

  // Series are good enough for test data.
  private static func log(_ x: Double) -> Double {
    var (value, exponent) = (x, 0.0)
    while value < 0.75 {
      value *= 2
      exponent -= 1
    }
    let y = (value - 1) / (value + 1)
    var (term, sum) = (y, 0.0)
    for i in 0..<12 {
      sum += term / Double(2 * i + 1)
      term *= y * y
    }
    return 2 * sum + exponent * 0.693147180559945309
  }

  private static func cos(_ x: Double) -> Double {
    let y = x > .pi ? x - 2 * .pi : x
    var (term, sum) = (1.0, 0.0)
    for i in 0..<14 {
      sum += term
      term *= -y * y / Double((2 * i + 1) * (2 * i + 2))
    }
    return sum
  }
}
