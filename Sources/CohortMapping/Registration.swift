/// How a map that was laid out anew is turned and mirrored so that it lies as near as possible to the former one. Sizes stay.
/// (Schönemann, 1966; in the plane square roots are enough.)
public struct Registration: Hashable, Sendable {
  /// `(x, y)` becomes `(a x + b y + e, c x + d y + f)`, in Float64: `a` to `f`.
  public let coefficients: [Double]

  /// The one of the six coefficients; nil for another number of them.
  public init?(coefficients: [Double]) {
    guard coefficients.count == 6 else { return nil }
    self.coefficients = coefficients
  }

  /// - Parameters:
  ///   - places: those to turn.
  ///   - known: pairs of an index among `places` and where that one was; without any, nothing is turned.
  /// - Complexity: O(pairs).
  public init(_ places: [SIMD2<Float>], towards known: [(index: Int, place: SIMD2<Float>)]) {
    let count = Double(max(known.count, 1))
    var (now, then) = (SIMD2<Double>.zero, SIMD2<Double>.zero)
    for pair in known {
      now += SIMD2<Double>(places[pair.index])
      then += SIMD2<Double>(pair.place)
    }
    now /= count
    then /= count
    // Turned by an angle, (x, y) becomes (c x - s y, s x + c y); mirrored first, y is -y.
    var (plain, mirrored) = (SIMD2<Double>.zero, SIMD2<Double>.zero)
    for pair in known {
      let (a, b) = (SIMD2<Double>(places[pair.index]) - now, SIMD2<Double>(pair.place) - then)
      plain += SIMD2(a.x * b.x + a.y * b.y, a.x * b.y - a.y * b.x)
      mirrored += SIMD2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x)
    }
    func square(_ turn: SIMD2<Double>) -> Double { turn.x * turn.x + turn.y * turn.y }
    let isMirrored = square(mirrored) > square(plain)
    let turn = isMirrored ? mirrored : plain
    let length = square(turn).squareRoot()
    let (cosine, sine) = length > 1e-12 ? (turn.x / length, turn.y / length) : (1, 0)
    let (b, d) = isMirrored ? (sine, -cosine) : (-sine, cosine)
    coefficients = [
      cosine, b, sine, d, then.x - (cosine * now.x + b * now.y), then.y - (sine * now.x + d * now.y),
    ]
  }

  /// Where a place comes to lie.
  public func turned(_ place: SIMD2<Float>) -> SIMD2<Float> {
    let (x, y) = (Double(place.x), Double(place.y))
    return SIMD2(
      Float(coefficients[0] * x + coefficients[1] * y + coefficients[4]),
      Float(coefficients[2] * x + coefficients[3] * y + coefficients[5]))
  }
}
