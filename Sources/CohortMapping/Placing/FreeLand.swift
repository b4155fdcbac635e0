/// Where the map is empty: a raster of squares with the number of samples in each.
struct FreeLand {
  /// Squares along a side of the map, at most.
  private static let mostSquares: Float = 4096

  /// Side of a square: 1, or a power of 2 where the map is huge.
  private let side: Float
  private var x: Int
  private var y: Int
  private var width: Int
  private var height: Int
  private var isTaken: [Bool]
  /// `sums[(row * (width + 1)) + column]`: taken squares above and left of that corner.
  private var sums: [Int32] = []
  /// The area that a sample takes.
  let areaPerSample: Float

  init(_ places: [SIMD2<Float>]) {
    let bounds = PlaceBounds(places)
    let (lower, upper) = (bounds?.lower ?? .zero, bounds?.upper ?? .zero)
    var side: Float = 1
    while max(upper.x - lower.x, upper.y - lower.y) / side > Self.mostSquares { side *= 2 }
    func square(_ value: Float) -> Int { Int((value / side).rounded(.down)) }
    let (x, y) = (square(lower.x), square(lower.y))
    let (width, height) = (square(upper.x) - x + 1, square(upper.y) - y + 1)
    var isTaken = [Bool](repeating: false, count: width * height)
    for place in places { isTaken[(square(place.y) - y) * width + square(place.x) - x] = true }
    let taken = isTaken.reduce(0) { $0 + ($1 ? 1 : 0) }
    areaPerSample = places.isEmpty ? 1 : Float(taken) * side * side / Float(places.count)
    (self.side, self.x, self.y, self.width, self.height, self.isTaken) = (side, x, y, width, height, isTaken)
    sum()
  }

  private func square(_ value: Float) -> Int { Int((value / side).rounded(.down)) }

  /// Takes the free square that is nearest to a place and wide enough for a disc.
  /// - Returns: the disc's middle.
  /// - Complexity: O(squares between), and O(squares) for what is taken.
  mutating func take(radius: Float, near place: SIMD2<Float>) -> SIMD2<Float> {
    let reach = Int((radius / side).rounded(.up)) + 1
    let (column, row) = (square(place.x), square(place.y))
    var best: (distance: Int, row: Int, column: Int)?
    var ring = 0
    while true {
      // No square farther out in rows or columns can be nearer.
      if let best, best.distance <= ring * ring { break }
      for dy in -ring...ring {
        for dx in stride(from: -ring, through: ring, by: abs(dy) == ring ? 1 : max(2 * ring, 1)) {
          let found = (dx * dx + dy * dy, row + dy, column + dx)
          if let best, best <= found { continue }
          if isFree(row + dy, column + dx, reach) { best = found }
        }
      }
      ring += 1
    }
    let (middleRow, middleColumn) = (best?.row ?? row, best?.column ?? column)
    mark(middleRow, middleColumn, reach - 1)
    return SIMD2(Float(middleColumn) + 0.5, Float(middleRow) + 0.5) * side
  }

  private func isFree(_ row: Int, _ column: Int, _ reach: Int) -> Bool {
    let (top, bottom) = (min(max(row - reach - y, 0), height), min(max(row + reach + 1 - y, 0), height))
    let (left, right) = (min(max(column - reach - x, 0), width), min(max(column + reach + 1 - x, 0), width))
    let line = width + 1
    return sums[bottom * line + right] - sums[top * line + right] - sums[bottom * line + left]
      + sums[top * line + left] == 0
  }

  private mutating func mark(_ row: Int, _ column: Int, _ reach: Int) {
    let (top, left) = (min(y, row - reach), min(x, column - reach))
    let (bottom, right) = (max(y + height, row + reach + 1), max(x + width, column + reach + 1))
    var wider = [Bool](repeating: false, count: (bottom - top) * (right - left))
    for line in 0..<height {
      for place in 0..<width {
        wider[(y + line - top) * (right - left) + x + place - left] = isTaken[line * width + place]
      }
    }
    (x, y, width, height, isTaken) = (left, top, right - left, bottom - top, wider)
    for dy in -reach...reach {
      for dx in -reach...reach where dx * dx + dy * dy <= reach * reach {
        isTaken[(row + dy - y) * width + column + dx - x] = true
      }
    }
    sum()
  }

  private mutating func sum() {
    let line = width + 1
    sums = [Int32](repeating: 0, count: line * (height + 1))
    for row in 0..<height {
      var across: Int32 = 0
      for column in 0..<width {
        across += isTaken[row * width + column] ? 1 : 0
        sums[(row + 1) * line + column + 1] = sums[row * line + column + 1] + across
      }
    }
  }
}
