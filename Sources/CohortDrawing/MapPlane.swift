/// Where the points of a drawing lie: a square that holds them all, with y downwards as on a screen.
///
/// Both axes have one scale. Places are given as fixed-point numbers of 24 bits, 0 to 16,777,215 from edge to edge: fine
/// enough for a zoom of 10,000, and exact as a Float.
struct MapPlane {
  /// The number of the last place.
  static let last = 16_777_215

  private let left: Double
  private let top: Double
  private let scale: Double

  /// - Complexity: O(points).
  init(_ drawing: MapDrawing) {
    func bounds(_ values: [Float]) -> (Double, Double) {
      guard var least = values.first else { return (0, 0) }
      var greatest = least
      for value in values {
        least = min(least, value)
        greatest = max(greatest, value)
      }
      return (Double(least), Double(greatest))
    }
    let (x, y) = (bounds(drawing.x), bounds(drawing.y))
    let span = max(x.1 - x.0, y.1 - y.0)
    // All in one place, or nothing at all: it is in the middle.
    let side = span > 0 ? span : 1
    left = (x.0 + x.1 - side) / 2
    top = (y.0 + y.1 + side) / 2
    scale = Double(Self.last) / side
  }

  /// The place of a point. Those of the drawing are from 0 to `last`; labels may lie beyond.
  func place(x: Float, y: Float) -> (x: Int, y: Int) {
    (Self.rounded((Double(x) - left) * scale), Self.rounded((top - Double(y)) * scale))
  }

  /// The places of points of the drawing, from the left edge.
  func across(_ x: [Float]) -> [UInt32] { x.map { Self.clamped((Double($0) - left) * scale) } }

  /// The places of points of the drawing, from the upper edge.
  func down(_ y: [Float]) -> [UInt32] { y.map { Self.clamped((top - Double($0)) * scale) } }

  /// Halves go up.
  private static func rounded(_ value: Double) -> Int { Int((min(max(value, -4e9), 4e9) + 0.5).rounded(.down)) }

  private static func clamped(_ value: Double) -> UInt32 { UInt32(min(max(value + 0.5, 0), Double(last))) }
}
