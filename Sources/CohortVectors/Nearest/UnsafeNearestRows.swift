package import CohortKernels

/// The rows of a source that are nearest to a vector by cosine, whatever the order in which they are looked at.
///
/// Each worker keeps the best that it has met. What is certainly farther than the worst of those is ruled out straight from
/// the stored half floats; all others are compared in fixed-order Float64. So neither the number of workers nor the
/// processor shows in what is found: equally near rows are told apart by the lowest id.
///
/// Used by one thread, which lends its workers.
package final class NearestRows {
  /// What one worker has.
  private final class Finder {
    let block: RowBlock
    let filter: HalfFilter
    /// Ascending.
    var best: [NearRow] = []
    var read = 0

    init(dimension: Int) {
      block = RowBlock(dimension: dimension, capacity: RowBlock.rows(dimension: dimension))
      filter = HalfFilter(dimension: dimension)
    }
  }

  /// Rows that a worker takes at a time.
  private static let partRows = 4096

  private let query: CosineQuery
  private let column: ColumnSet
  private let wanted: Int
  private let excluded: UInt64?
  private let workers: Workers
  private let path: cohort_path
  private let finders: [Finder]

  /// - Parameters:
  ///   - vector: finite, and not all zero.
  ///   - count: how many rows are wanted, at least 1.
  ///   - excluded: a sample that is never found: the one whose vector this is.
  package init(
    to vector: [Float], count: Int, excluding excluded: UInt64? = nil, _ workers: Workers, _ path: cohort_path
  ) {
    query = CosineQuery(vector, path)
    wanted = max(count, 1)
    self.excluded = excluded
    self.workers = workers
    self.path = path
    column = ColumnSet(dimension: vector.count, slots: 0..<1, ids: [0], vectors: query.unit)
    finders = (0..<workers.count).map { _ in Finder(dimension: vector.count) }
  }

  /// Looks at the vectors of some samples; those that have none are passed over.
  /// - Parameter samples: ascending; none that was looked at before.
  /// - Throws: `clustering.vector` for a vector that is not finite; what `source` throws.
  /// - Complexity: a product a row.
  package func look(at samples: [UInt64], of source: any RowSource) throws {
    // A worker touches its own finder only.
    nonisolated(unsafe) let finders = finders
    let rows = Self.partRows
    let look: @Sendable (Int, Int) throws -> Void = { [query, column, wanted, excluded, path] worker, part in
      let some = samples[(part * rows)..<min((part + 1) * rows, samples.count)]
      try Self.look(at: some, of: source, finders[worker], query, column, wanted, excluded, path)
    }
    try workers.run(
      parts: (samples.count + rows - 1) / rows,
      isWorthwhile: Workers.isWorthwhile(samples.count * query.values.count), look)
  }

  /// The nearest of all rows that were looked at, ascending; fewer than were wanted where there are no more.
  package var nearest: [NearRow] { Array(finders.flatMap(\.best).sorted().prefix(wanted)) }

  /// How many vectors were read so far.
  package var read: Int { finders.reduce(0) { $0 + $1.read } }

  private static func look(
    at samples: ArraySlice<UInt64>, of source: any RowSource, _ finder: Finder, _ query: CosineQuery,
    _ column: ColumnSet, _ wanted: Int, _ excluded: UInt64?, _ path: cohort_path
  ) throws {
    let block = finder.block
    for start in stride(from: samples.startIndex, to: samples.endIndex, by: block.capacity) {
      let some = Array(samples[start..<min(start + block.capacity, samples.endIndex)])
      var near = some
      if finder.best.count == wanted, let worst = finder.best.last {
        near = try possible(some, within: worst.distance, finder.filter, column, source, path).map { some[$0] }
        // What was ruled out was read.
        finder.read += some.count - near.count
      }
      try block.read(near, source, path)
      for i in 0..<block.count where block.isPresent(i) {
        finder.read += 1
        guard near[i] != excluded, let row = block.pointer(i) else { continue }
        let found = NearRow(id: near[i], distance: query.distance(to: row))
        if finder.best.count == wanted {
          guard let worst = finder.best.last, found < worst else { continue }
          finder.best.removeLast()
        }
        let place = finder.best.firstIndex { found < $0 } ?? finder.best.count
        finder.best.insert(found, at: place)
      }
    }
  }

  /// Which of some samples may be as near as that; all that have no usable vector are among them.
  private static func possible(
    _ samples: [UInt64], within distance: Double, _ filter: HalfFilter, _ column: ColumnSet, _ source: any RowSource,
    _ path: cohort_path
  ) throws -> [Int] {
    // For vectors of length 1, |a - b|² = 2 (1 - cosine); the column's length is 1 within 2e-7.
    let limit = Float(2 * distance + 4e-6).nextUp
    let limits = [Float](repeating: limit, count: samples.count)
    let choices = [UInt32](repeating: 0, count: samples.count * HalfFilter.Candidates.mostChoices)
    let counts = [UInt8](repeating: 1, count: samples.count)
    return try samples.withUnsafeBufferPointer { samples in
      try limits.withUnsafeBufferPointer { limits in
        try choices.withUnsafeBufferPointer { choices in
          try counts.withUnsafeBufferPointer { counts in
            guard let limits = limits.baseAddress, let choices = choices.baseAddress, let counts = counts.baseAddress
            else { return [] }
            return try filter.near(
              HalfFilter.Candidates(samples, limits: limits, choices: choices, counts: counts), to: column, source, path
            )
          }
        }
      }
    }
  }
}
