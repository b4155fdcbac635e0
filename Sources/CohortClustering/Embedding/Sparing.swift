internal import CohortKernels

/// Which centroids can be nearer to a sample than one whose distance is known: what spares a repair most products. It
/// rules out only what is certain, so that nothing is decided by it.
struct Sparing: Sendable {
  private let movedCount: Int
  private let everyoneCount: Int
  /// Per column of `everyone`: members that are nearer to it than this squared distance are not nearer to any moved one.
  let least: [Double]
  /// The same for each moved column alone, a row per column of `everyone`; empty when there are too many.
  private var fromEveryone: [Float] = []
  /// For rows whose nearest moved column is known: the same the other way round, a row per moved column.
  private var fromMoved: [Float] = []

  /// The most pairs that are kept: 4 MiB.
  private static let mostPairs = 1 << 20

  /// - Complexity: everyone x moved products.
  init(_ everyone: ColumnSet, _ moved: ColumnSet, _ work: Workspace) throws {
    let (path, lanes, grain) = (work.path, work.lanes, 64)
    let (width, count) = (ColumnSet.panels(moved.count), everyone.count)
    let error = 2 * moved.scoreError + 1e-9
    let others = (0..<moved.count).map { Centroid(halfNorm: moved.halfNorm($0), error: error) }
    let isKept = count * moved.count <= Self.mostPairs
    let parts = try work.workers.map(
      (count + grain - 1) / grain, isWorthwhile: Workspace.isWorthwhile(count * moved.count * moved.dimension)
    ) { worker, part in
      let some = (part * grain)..<min((part + 1) * grain, count)
      var result = Part(rows: some.count, columns: isKept ? moved.count : 0)
      lanes[worker].scores.withRoom(for: grain * width) { products in
        cohort_inner_products(
          path, everyone.plain(some.lowerBound), some.count, moved.dimension, moved.packed, moved.count, products, width)
        for (row, column) in some.enumerated() {
          let own = Centroid(halfNorm: everyone.halfNorm(column), error: error)
          for (i, other) in others.enumerated() {
            let product = Double(products[row * width + i])
            let bound = own.spared(by: other, product)
            result.least[row] = min(result.least[row], bound)
            guard isKept else { continue }
            result.fromRows[row * others.count + i] = Float(bound).nextDown
            result.fromColumns[i * some.count + row] = Float(other.spared(by: own, product)).nextDown
          }
        }
      }
      return result
    }
    movedCount = moved.count
    everyoneCount = count
    least = parts.flatMap(\.least)
    guard isKept else { return }
    fromEveryone = parts.flatMap(\.fromRows)
    fromMoved.reserveCapacity(count * moved.count)
    for column in 0..<moved.count {
      for part in parts {
        let rows = part.least.count
        fromMoved += part.fromColumns[(column * rows)..<((column + 1) * rows)]
      }
    }
  }

  /// What one worker found for some columns of `everyone`.
  private struct Part {
    var least: [Double]
    var fromRows: [Float]
    var fromColumns: [Float]

    init(rows: Int, columns: Int) {
      least = [Double](repeating: .infinity, count: rows)
      fromRows = [Float](repeating: 0, count: rows * columns)
      fromColumns = fromRows
    }
  }

  /// The moved columns that can be nearer than `column` of `everyone` to a row at this squared distance from it.
  /// - Returns: how many `body` was called with; `most` + 1 when there are more than that, or when they are not known.
  func forEachMoved(
    near column: Int, within distance: Float, atMost most: Int, _ body: (_ place: Int, _ moved: Int) -> Void
  ) -> Int {
    Self.forEach(in: fromEveryone, row: column, of: movedCount, within: distance, atMost: most, body)
  }

  /// The columns of `everyone` that can be nearer than a moved one to a row at this squared distance from it; as above.
  func forEachOfEveryone(
    near moved: Int, within distance: Float, atMost most: Int, _ body: (_ place: Int, _ column: Int) -> Void
  ) -> Int {
    Self.forEach(in: fromMoved, row: moved, of: everyoneCount, within: distance, atMost: most, body)
  }

  @inline(__always)
  private static func forEach(
    in bounds: [Float], row: Int, of count: Int, within distance: Float, atMost most: Int, _ body: (Int, Int) -> Void
  ) -> Int {
    guard !bounds.isEmpty else { return most + 1 }
    return bounds.withUnsafeBufferPointer { bounds in
      var found = 0
      for column in 0..<count where bounds[row * count + column] <= distance {
        guard found < most else { return most + 1 }
        body(found, column)
        found += 1
      }
      return found
    }
  }
}

/// A centroid c, and how far rows x of length 1 may be from it without being nearer to another centroid m.
private struct Centroid {
  private let square: Double
  private let length: Double
  /// Largest error of an inner product or a square.
  private let error: Double

  init(halfNorm: Float, error: Double) {
    square = 2 * Double(halfNorm)
    length = square.squareRoot()
    self.error = error
  }

  /// The larger of two bounds on the squared distance |x - c|².
  ///
  /// The triangle inequality: x is not nearer to m as long as 2 |x - c| < |c - m|.
  ///
  /// That x has length 1: with t the angle between x and c, and m divided into what lies along c and what is perpendicular
  /// to it (`along`, `across`), <x, m> is at most cos t along + sin t across. So x can be nearer to m only if
  /// sin t across - cos t (|c| - along) >= (|m|² - |c|²) / 2. The left side is r sin(t - p), where r is the length of
  /// (across, |c| - along), which is |c - m|, and p its angle. The least such t is p + asin((|m|² - |c|²) / 2r), and
  /// |x - c|² is 1 + |c|² - 2 |c| cos t. For centroids of one length: t is half the angle between them.
  ///
  /// Infinite for a column that was taken away.
  func spared(by other: Centroid, _ product: Double) -> Double {
    guard other.square < .infinity else { return .infinity }
    let apart = square + other.square - 2 * product
    let triangle = (apart - 4 * error) * (1 - 1e-6) / 4 - 1e-9
    guard length > 0.01 else { return triangle }
    let along = product / length
    let across = max(other.square - along * along, 0) + error * (1 + 2 * along.magnitude / length)
    let short = length - along
    let radius = (across + short * short).squareRoot()
    let sine = ((other.square - square) / 2 - error * (2 + 1 / length) - 4e-6) / radius
    guard sine < 1 else { return .infinity }
    let cosine = (1 - sine * sine).squareRoot()
    let perpendicular = across.squareRoot()
    guard sine > -1, short * cosine + perpendicular * sine > 0 else { return triangle }
    let angle = (perpendicular * cosine - short * sine) / radius
    return max(triangle, 1 + square - 2 * length * angle - 1e-5)
  }
}
