/// Points on the unit circle by arithmetic alone: the C library's sine and cosine differ in their last bits from one system to
/// the next, these do not.
enum Rotations {
  /// cos and -sin of `2 pi k / count`: the roots of unity of a forward Fourier transform.
  /// - Parameters:
  ///   - k: at least 0.
  ///   - count: even.
  static func root(_ k: Int, of count: Int) -> (cosine: Float, sine: Float) {
    // Folded to the first quarter, where the series below are good to the last bit of a Float.
    var (k, sineSign, cosineSign) = (k % count, -1.0, 1.0)
    if 2 * k > count { (k, sineSign) = (count - k, 1) }
    if 4 * k > count { (k, cosineSign) = (count / 2 - k, -1) }
    let angle = 6.283185307179586 * Double(k) / Double(count)
    return (Float(cosineSign * cosine(angle)), Float(sineSign * sine(angle)))
  }

  private static func sine(_ angle: Double) -> Double { series(angle, from: angle, first: 2) }

  private static func cosine(_ angle: Double) -> Double { series(angle, from: 1, first: 1) }

  /// Taylor's series in angle²: each term is the one before times -angle² / (n (n + 1)).
  private static func series(_ angle: Double, from start: Double, first: Double) -> Double {
    var (term, sum, n) = (start, start, first)
    for _ in 0..<12 {
      term *= -angle * angle / (n * (n + 1))
      sum += term
      n += 2
    }
    return sum
  }
}
