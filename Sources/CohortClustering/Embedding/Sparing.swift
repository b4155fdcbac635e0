internal import CohortKernels
internal import CohortVectors

/// Which centroids can be nearer to a sample than one whose distance is known: what spares a repair most products. It
/// rules out only what is certain, so that nothing is decided by it.
struct Sparing: Sendable {
  private let movedCount: Int
  private let everyoneCount: Int
  private let stride: Int
  /// Per column of `everyone`: members that are nearer to it than this squared distance are not nearer to any moved one.
  let least: [Double]
  /// The same for each moved column alone, a row of `stride` per column of `everyone`; empty when there are too many.
  private var fromEveryone: [Float] = []
  /// For rows whose nearest moved column is known: the same the other way round, a row per moved column.
  private var fromMoved: [Float] = []

  /// The most pairs that are kept: 8 MiB.
  private static let mostPairs = 1 << 20

  /// - Parameter isKept: whether to keep which centroids can be near which, if there are not too many.
  /// - Complexity: everyone x moved products.
  init(_ everyone: ColumnSet, _ moved: ColumnSet, isKept: Bool, _ work: Workspace) throws {
    let (path, lanes, grain) = (work.path, work.lanes, 64)
    // Whole panels: what is not there counts as infinitely long.
    let (width, count) = (ColumnSet.panels(moved.count), everyone.count)
    let squares = (0..<width).map { $0 < moved.count ? 2 * Double(moved.halfNorm($0)) : .infinity }
    let isKept = isKept && everyone.tree == nil && count * width <= Self.mostPairs
    let error = 2 * max(everyone.scoreError, moved.scoreError)
    let parts = try work.workers.map(
      (count + grain - 1) / grain, isWorthwhile: Workers.isWorthwhile(count * moved.count * moved.dimension)
    ) { worker, part in
      let some = (part * grain)..<min((part + 1) * grain, count)
      var result = Part(rows: some.count, width: isKept ? width : 0)
      var (fromRow, fromColumns) = ([Float](repeating: 0, count: width), [Float](repeating: 0, count: width))
      lanes[worker].scores.withRoom(for: grain * width) { products in
        cohort_inner_products(
          path, everyone.plain(some.lowerBound), some.count, moved.dimension, moved.packed, moved.count, products, width
        )
        for (row, column) in some.enumerated() {
          result.least[row] = cohort_spared_distances(
            path, 2 * Double(everyone.halfNorm(column)), width, squares, products + row * width,
            error, &fromRow, &fromColumns)
          guard isKept else { continue }
          result.fromRows += fromRow
          for i in 0..<moved.count { result.fromColumns[i * some.count + row] = fromColumns[i] }
        }
      }
      return result
    }
    movedCount = moved.count
    everyoneCount = count
    stride = width
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
    var fromRows: [Float] = []
    var fromColumns: [Float]

    init(rows: Int, width: Int) {
      least = [Double](repeating: .infinity, count: rows)
      fromRows.reserveCapacity(rows * width)
      fromColumns = [Float](repeating: 0, count: rows * width)
    }
  }

  /// The moved columns that can be nearer than `column` of `everyone` to a row at this squared distance from it.
  /// - Returns: how many `body` was called with; `most` + 1 when there are more than that, or when they are not known.
  func forEachMoved(
    near column: Int, within distance: Float, atMost most: Int, _ body: (_ place: Int, _ moved: Int) -> Void
  ) -> Int {
    Self.forEach(fromEveryone, at: column * stride, movedCount, within: distance, atMost: most, body)
  }

  /// The columns of `everyone` that can be nearer than a moved one to a row at this squared distance from it; as above.
  func forEachOfEveryone(
    near moved: Int, within distance: Float, atMost most: Int, _ body: (_ place: Int, _ column: Int) -> Void
  ) -> Int {
    Self.forEach(fromMoved, at: moved * everyoneCount, everyoneCount, within: distance, atMost: most, body)
  }

  @inline(__always)
  private static func forEach(
    _ bounds: [Float], at start: Int, _ count: Int, within distance: Float, atMost most: Int, _ body: (Int, Int) -> Void
  ) -> Int {
    guard !bounds.isEmpty else { return most + 1 }
    return bounds.withUnsafeBufferPointer { bounds in
      var found = 0
      for column in 0..<count where bounds[start + column] <= distance {
        guard found < most else { return most + 1 }
        body(found, column)
        found += 1
      }
      return found
    }
  }
}
