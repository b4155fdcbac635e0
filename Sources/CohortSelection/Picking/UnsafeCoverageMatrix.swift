internal import CohortKernels
internal import CohortVectors

/// Facility location within a cell of few rows. It picks exactly what `LazyGreedy` picks by `Coverage`, but takes all cosines
/// at once, by blocked products. They give upper bounds of what rows are worth; worth that decides is computed by `Coverage`,
/// for one or two rows a pick.
///
/// It is used by one thread.
final class CoverageMatrix {
  private let coverage: Coverage
  private let rows: GatheredRows
  private let path: cohort_path
  private let worker: Int
  /// Columns of whole panels.
  private let width: Int
  /// The cosines of each row with all references; 0 beyond the last reference.
  private let cosines: [Float]
  /// What such a product may be below one in fixed order, and the rounding of differences.
  private let error: Float

  /// Whether the cosines of so many rows with so many references are held in memory.
  static func fits(_ rows: Int, references: Int, _ engine: SelectionEngine) -> Bool {
    rows * ColumnSet.panels(references) * 4 <= engine.keptBytes && GatheredRows.areKept(rows, engine)
  }

  /// - Parameter references: places, ascending.
  init(_ coverage: Coverage, _ rows: GatheredRows, references: [Int], _ engine: SelectionEngine, worker: Int) throws {
    (self.coverage, self.rows, self.worker, path) = (coverage, rows, worker, engine.path)
    let set = ColumnSet(dimension: engine.dimension, capacity: references.count)
    try rows.forEach(references, worker: worker) { place, vector in
      guard let vector else { return }
      set.append(UnsafeBufferPointer(start: vector, count: engine.dimension), slot: place, id: UInt32(place))
    }
    width = ColumnSet.panels(set.count)
    let (width, dimension, count) = (width, engine.dimension, rows.ids.count)
    var cosines = [Float](repeating: 0, count: count * width)
    // Where all rows are references, and have vectors, one half of the products is the other.
    let isSymmetric = set.count == count
    let (panel, atOnce) = (Int(COHORT_PANEL), 48)
    rows.withKept { base in
      cosines.withUnsafeMutableBufferPointer { out in
        guard let start = out.baseAddress else { return }
        for row in stride(from: 0, to: count, by: atOnce) {
          let first = isSymmetric ? row / panel * panel : 0
          cohort_inner_products(
            engine.path, base + row * dimension, min(atOnce, count - row), dimension,
            set.packed + cohort_packed_size(first, dimension), set.count - first, start + row * width + first, width)
          guard isSymmetric else { continue }
          for other in stride(from: row + atOnce, to: count, by: panel) {
            for i in row..<min(row + atOnce, count) {
              for j in other..<min(other + panel, count) { start[j * width + i] = start[i * width + j] }
            }
          }
        }
      }
    }
    self.cosines = cosines
    error = Float(2 * set.scoreError + 1e-6)
  }

  /// As `LazyGreedy.order`.
  func order(_ count: Int, taken: [Int]) throws -> [Int] {
    var isTaken = [Bool](repeating: false, count: rows.ids.count)
    for place in taken {
      isTaken[place] = true
      try accept(place)
    }
    let open = isTaken.indices.filter { !isTaken[$0] }
    let seen = open.filter { rows.isPresent($0) }
    var most = [Double](repeating: 0, count: isTaken.count)
    var known = [Int](repeating: 0, count: isTaken.count)
    var isExact = [Bool](repeating: false, count: isTaken.count)
    for place in seen { (most[place], known[place]) = (bound(of: place), coverage.picks) }
    func comesBefore(_ a: Int, _ b: Int) -> Bool { most[a] != most[b] ? most[a] > most[b] : a < b }
    var heap = TurnHeap(seen) { comesBefore($0, $1) }
    var order: [Int] = []
    while order.count < count, let first = heap.first {
      if known[first] < coverage.picks {
        // Worth never grows, so the earlier number is a bound as well.
        (most[first], known[first], isExact[first]) = (min(most[first], bound(of: first)), coverage.picks, false)
      } else if !isExact[first] {
        try rows.forEach(CollectionOfOne(first), worker: worker) { place, vector in
          guard let vector else { return }
          most[place] =
            coverage.worth(
              of: place, vector, known: Worth(value: 0, picks: 0), bound: -.infinity, worker: worker
            ).value
        }
        isExact[first] = true
      } else {
        heap.removeFirst { comesBefore($0, $1) }
        order.append(first)
        try accept(first)
        continue
      }
      heap.renewFirst { comesBefore($0, $1) }
    }
    return order + open.lazy.filter { !self.rows.isPresent($0) }.prefix(count - order.count)
  }

  private func accept(_ place: Int) throws {
    try rows.forEach(CollectionOfOne(place), worker: worker) { place, vector in
      if let vector { coverage.accept(place, vector) }
    }
  }

  /// What a row is worth at most.
  private func bound(of place: Int) -> Double {
    let gain = cosines.withUnsafeBufferPointer { cosines in
      coverage.nearest.withUnsafeBufferPointer { nearest in
        cohort_gain(path, cosines.baseAddress.map { $0 + place * width }, nearest.baseAddress, width, error)
      }
    }
    // Each lane adds at most 128 numbers above 0: rounding makes the sum less by a share of 140 x 2^-24 at most.
    return Double(gain) * (1 + 0x1p-16) / coverage.cost(of: place)
  }
}
