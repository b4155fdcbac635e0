internal import CohortCore
package import CohortKernels

/// A block of vectors on their way through the kernels: read from a source, normalised in Float32, aligned to cache
/// lines. Each worker has its own and uses it again; its memory does not grow with the store.
package final class RowBlock {
  package let dimension: Int
  /// The most rows it holds.
  package let capacity: Int
  private let rows: UnsafeMutableBufferPointer<Float>
  private let present: UnsafeMutableBufferPointer<UInt8>
  private let results: UnsafeMutableBufferPointer<cohort_nearest>
  /// Factor that makes each row's length 1; 1 for a row that is normalised.
  private let scales: UnsafeMutableBufferPointer<Float>
  /// The sample of each row.
  package private(set) var samples: [UInt64] = []
  private var branches: [[Int]] = []
  private let scores = ScoreBuffer()

  /// Rows of a block: 512 KiB of them, which stay in the second-level cache, between 16 and 1,024.
  package static func rows(dimension: Int) -> Int { min(max((1 << 17) / max(dimension, 1), 16), 1_024) }

  /// - Parameter capacity: see `rows(dimension:)`.
  package init(dimension: Int, capacity: Int) {
    self.dimension = dimension
    self.capacity = capacity
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity * dimension * 4 + 64, alignment: 64)
    rows = UnsafeMutableBufferPointer(rebasing: bytes.bindMemory(to: Float.self)[..<(capacity * dimension)])
    present = .allocate(capacity: capacity)
    results = .allocate(capacity: capacity)
    scales = .allocate(capacity: capacity)
  }

  deinit {
    UnsafeMutableRawPointer(rows.baseAddress)?.deallocate()
    present.deallocate()
    results.deallocate()
    scales.deallocate()
  }

  /// Rows it holds now.
  package var count: Int { samples.count }

  /// Whether row `i` holds a vector.
  package func isPresent(_ i: Int) -> Bool { present[i] == 1 }

  /// Reads and normalises the vectors of at most `capacity` samples, in runs of ascending ids.
  /// - Throws: `clustering.vector` for one with a NaN or an infinity, and what `source` throws.
  package func load(_ wanted: [UInt64], _ source: any RowSource, _ path: cohort_path) throws {
    try read(wanted, source, path, isNormalized: true)
  }

  /// The same without normalising: `compare` takes the rows' lengths into account, `normalize` does it where the values
  /// are needed.
  package func read(_ wanted: [UInt64], _ source: any RowSource, _ path: cohort_path) throws {
    try read(wanted, source, path, isNormalized: false)
  }

  private func read(
    _ wanted: [UInt64], _ source: any RowSource, _ path: cohort_path, isNormalized: Bool
  ) throws {
    precondition(wanted.count <= capacity, "more rows than the block holds")
    samples = wanted
    guard !wanted.isEmpty, let base = rows.baseAddress, let flags = present.baseAddress,
      let inverses = scales.baseAddress
    else { return }
    try wanted.withUnsafeBufferPointer { wanted in
      let isRead = try source.withHalfVectors(of: wanted, dimension: dimension) { start, halves in
        cohort_read_halves(
          path, halves.baseAddress, halves.count, dimension, isNormalized ? 1 : 0, base + start * dimension,
          flags + start, inverses + start)
      }
      guard !isRead else { return }
      present[..<wanted.count].update(repeating: 0)
      try source.readVectors(
        of: wanted, dimension: dimension,
        into: UnsafeMutableBufferPointer(rebasing: rows[..<(wanted.count * dimension)]),
        present: UnsafeMutableBufferPointer(rebasing: present[..<wanted.count]))
      cohort_inverse_norms(path, base, wanted.count, dimension, flags, inverses)
      if isNormalized { for i in 0..<wanted.count where present[i] == 1 { normalize(i, path) } }
    }
    if let bad = (0..<count).first(where: { present[$0] == 2 }) {
      throw CohortError(
        .vectorsDamaged, "The vector of a sample holds a value that is not a finite number",
        place: "sample \(SampleID(samples[bad]))")
    }
  }

  /// Makes the length of row `i` 1.
  package func normalize(_ i: Int, _ path: cohort_path) {
    guard let base = rows.baseAddress else { return }
    cohort_scale(path, base + i * dimension, dimension, scales[i])
    scales[i] = 1
  }

  /// Forgets the rows.
  package func removeAll() { samples.removeAll(keepingCapacity: true) }

  /// Copies a row of another block behind the rows of this one.
  package func append(_ i: Int, of other: RowBlock) {
    precondition(count < capacity, "more rows than the block holds")
    let target = rows[(count * dimension)..<((count + 1) * dimension)]
    _ = UnsafeMutableBufferPointer(rebasing: target).update(from: other.values(i))
    present[count] = 1
    scales[count] = other.scales[i]
    samples.append(other.samples[i])
  }

  /// The values of row `i`. Valid until the block is loaded again.
  package func values(_ i: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(rebasing: rows[(i * dimension)..<((i + 1) * dimension)])
  }

  /// Row `i`, as kernels want it. Valid until the block is loaded again.
  package func pointer(_ i: Int) -> UnsafePointer<Float>? { values(i).baseAddress }

  /// Compares all rows with all columns, or with those that their tree chooses, for which rows must be normalised;
  /// `result(_:)` has the outcome.
  /// - Returns: how many inner products that took.
  @discardableResult
  package func compare(with columns: ColumnSet, _ path: cohort_path) -> Int {
    guard count > 0 else { return 0 }
    if let tree = columns.tree { return compare(with: tree, path) }
    branches = []
    cohort_nearest_columns(
      path, rows.baseAddress, scales.baseAddress, count, dimension, columns.packed, columns.count, results.baseAddress)
    return count * columns.count
  }

  /// What row `i` was found nearest to; which of two near-ties it is, `ColumnSet.decide` knows.
  package func result(_ i: Int) -> cohort_nearest { results[i] }

  /// The branches of the tree that row `i` was compared with; none when there was no tree.
  package func branches(_ i: Int) -> [Int] { branches.isEmpty ? [] : branches[i] }

  private func compare(with tree: ColumnTree, _ path: cohort_path) -> Int {
    guard let base = rows.baseAddress else { return 0 }
    branches = tree.chooseBranches(base, count, path, scores)
    var products = count * tree.pivots.count
    var rowsOf = [[Int]](repeating: [], count: tree.branches.count)
    for i in 0..<count {
      results[i] = cohort_nearest(column: 0, best: .infinity, second: .infinity)
      for branch in branches[i] { rowsOf[branch].append(i) }
    }
    let room = UnsafeMutableBufferPointer<Float>.allocate(capacity: count * dimension)
    let found = UnsafeMutableBufferPointer<cohort_nearest>.allocate(capacity: count)
    defer {
      room.deallocate()
      found.deallocate()
    }
    for (branch, some) in rowsOf.enumerated() where !some.isEmpty {
      let columns = tree.branches[branch]
      for (place, i) in some.enumerated() {
        _ = UnsafeMutableBufferPointer(rebasing: room[(place * dimension)..<((place + 1) * dimension)])
          .initialize(from: values(i))
      }
      cohort_nearest_columns(
        path, room.baseAddress, nil, some.count, dimension, columns.packed, columns.count, found.baseAddress)
      products += some.count * columns.count
      for (place, i) in some.enumerated() where found[place].best < .infinity {
        let (old, new) = (results[i], found[place])
        results[i] =
          new.best < old.best
          ? cohort_nearest(
            column: UInt32(columns.slots[Int(new.column)]), best: new.best, second: min(old.best, new.second))
          : cohort_nearest(column: old.column, best: old.best, second: min(old.second, new.best))
      }
    }
    return products
  }
}
