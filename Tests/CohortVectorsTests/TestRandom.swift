import CohortCore

/// Numbers for tests, from a seed.
struct TestRandom {
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  mutating func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }

  /// Between 0 and 1, both excluded.
  mutating func unit() -> Double { (Double(generator.next() >> 11) + 0.5) / 9_007_199_254_740_992 }

  /// About a standard normal draw: a sum of twelve.
  mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + unit() } }

  /// Directions at random.
  mutating func rows(_ count: Int, dimension: Int) -> [[Float]] {
    (0..<count).map { _ in (0..<dimension).map { _ in Float(normal()) } }
  }
}
