/// How many samples of an epoch each unit gives, from weights: whole numbers with the same sum as the population.
enum VirtualSizes {
  /// Largest remainders (Hamilton): each unit gets the whole part of its share of `total`, and the units with the
  /// largest fractions one more, the first of equal ones before. Complexity: O(n log n).
  /// - Returns: nil when no weight is above zero.
  static func apportion(_ total: UInt64, weights: [Double]) -> [UInt64]? {
    let greatest = weights.max() ?? 0
    guard greatest > 0 else { return nil }
    // Relative to the greatest, so that the sum is finite.
    let scaled = weights.map { $0 / greatest }
    let sum = scaled.reduce(0, +)
    var sizes = [UInt64](repeating: 0, count: weights.count)
    var fractions = [Double](repeating: 0, count: weights.count)
    var used: UInt64 = 0
    for (i, weight) in scaled.enumerated() {
      let share = Double(total) * (weight / sum)
      let whole = min(UInt64(share), total - used)
      sizes[i] = whole
      fractions[i] = share - Double(whole)
      used += whole
    }
    let candidates = scaled.indices.filter { scaled[$0] > 0 }.sorted {
      fractions[$0] == fractions[$1] ? $0 < $1 : fractions[$0] > fractions[$1]
    }
    var next = 0
    while used < total {
      sizes[candidates[next % candidates.count]] += 1
      used += 1
      next += 1
    }
    return sizes
  }

  /// `(size / greatest)^(1/temperature)`, in arithmetic that is the same on every platform (the C library's `pow` is
  /// not). Zero when it is too small for a number.
  static func tempered(_ size: UInt64, greatest: UInt64, temperature: Double) -> Double {
    guard size > 0 else { return 0 }
    return 1 / exponential((logarithm(Double(greatest)) - logarithm(Double(size))) / temperature)
  }

  /// Natural logarithm for `x >= 1`, by `2 atanh((m - 1) / (m + 1))` of the significand. Error below 2 ulp.
  static func logarithm(_ x: Double) -> Double {
    let t = (x.significand - 1) / (x.significand + 1)
    let square = t * t
    var sum = 0.0
    // The terms fall by a factor of nine at least: 18 of them reach 2⁻⁵³.
    for k in stride(from: 35, through: 1, by: -2) { sum = sum * square + 1 / Double(k) }
    return 2 * t * sum + Double(x.exponent) * 0.693_147_180_559_945_3
  }

  /// eˣ for `x >= 0`, infinite from 709 on; Taylor's series after taking out powers of two.
  static func exponential(_ x: Double) -> Double {
    guard x < 709 else { return .infinity }
    let powers = (x / 0.693_147_180_559_945_3).rounded(.down)
    let rest = x - powers * 0.693_147_180_559_945_3
    var sum = 1.0
    for k in stride(from: 20, through: 1, by: -1) { sum = 1 + sum * rest / Double(k) }
    return sum * Double(sign: .plus, exponent: Int(powers), significand: 1)
  }
}
