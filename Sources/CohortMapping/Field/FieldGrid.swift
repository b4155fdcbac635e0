/// Where the nodes of a field lie: a square grid whose nodes are multiples of its spacing, so that equal bounds give equal
/// nodes, and a point's share of each node depends on the point and the spacing alone.
package struct FieldGrid: Hashable, Sendable {
  /// Spacing of the nodes where the map is neither tiny nor huge.
  static let spacing: Float = 0.5
  /// Nodes along a side: fewer are too coarse for a small map, more take too much memory (a few hundred megabytes).
  static let leastNodes = 48
  static let mostNodes = 3000

  /// A power of 2.
  var spacing: Float
  /// The first node, in units of `spacing`.
  var x: Int
  var y: Int
  /// Nodes along each side.
  var nodes: Int

  /// The grid of some bounds, with two nodes to spare on each side.
  init(_ bounds: PlaceBounds) {
    let extent = max(bounds.upper.x - bounds.lower.x, bounds.upper.y - bounds.lower.y, 1e-6)
    spacing = Self.spacing
    while extent / spacing < Float(Self.leastNodes) { spacing /= 2 }
    while extent / spacing > Float(Self.mostNodes) { spacing *= 2 }
    x = Int((bounds.lower.x / spacing).rounded(.down)) - 2
    y = Int((bounds.lower.y / spacing).rounded(.down)) - 2
    nodes = Int((extent / spacing).rounded(.up)) + 6
  }

  /// Whether a point's sixteen nodes are within the grid.
  func holds(_ bounds: PlaceBounds) -> Bool {
    let (low, high) = (SIMD2<Float>(Float(x + 1), Float(y + 1)), Float(nodes - 3))
    let (lower, upper) = (bounds.lower / spacing - low, bounds.upper / spacing - low)
    return lower.min() >= 0 && upper.max() < high
  }

  /// The first of the sixteen nodes around a point, and the weights of the four along each side: Lagrange's cubic
  /// polynomials.
  @inline(__always)
  func weights(_ place: SIMD2<Float>) -> (column: Int, row: Int, x: SIMD4<Float>, y: SIMD4<Float>) {
    let scaled = place / spacing
    let floor = scaled.rounded(.down)
    let part = scaled - floor
    return (
      Int(floor.x) &- x &- 1, Int(floor.y) &- y &- 1, Self.cubic(part.x), Self.cubic(part.y)
    )
  }

  @inline(__always)
  private static func cubic(_ f: Float) -> SIMD4<Float> {
    let (below, above, next) = (f + 1, f - 1, f - 2)
    return SIMD4(
      f * above * next * (-1 / 6), below * above * next * 0.5, below * f * next * -0.5, below * f * above * (1 / 6))
  }
}

/// The rectangle around some places.
package struct PlaceBounds: Hashable, Sendable {
  package var lower: SIMD2<Float>
  package var upper: SIMD2<Float>

  /// Nil when there is no place.
  package init?(_ places: some Sequence<SIMD2<Float>>) {
    var iterator = places.makeIterator()
    guard let first = iterator.next() else { return nil }
    (lower, upper) = (first, first)
    while let place = iterator.next() { add(place) }
  }

  mutating func add(_ place: SIMD2<Float>) {
    lower = pointwiseMin(lower, place)
    upper = pointwiseMax(upper, place)
  }

  func union(_ other: Self?) -> Self {
    guard let other else { return self }
    var both = self
    both.add(other.lower)
    both.add(other.upper)
    return both
  }
}
