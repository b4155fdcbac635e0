internal import CohortVectors

/// The order in which the rows of a cell are picked, by the method of a selection. It depends on the cell and what is picked
/// of it already, and on nothing else, so longer orders begin with the shorter ones.
final class CellPicker {
  private let pool: SelectionPool
  private let table: CellTable
  private let options: SelectionOptions
  private let engine: SelectionEngine
  private let areTokensCounted: Bool
  private let order: KeyedOrder
  /// Rows of each cell that are picked before anything is chosen.
  private var picked: [Int: [UInt32]] = [:]
  /// The row that each cell begins with; nil for one that has none with a vector.
  private var starts: [UInt32?]
  private var isStartKnown: [Bool]
  private var centroids: [[Float]?]?

  init(
    _ pool: SelectionPool, _ table: CellTable, _ options: SelectionOptions, _ engine: SelectionEngine,
    areTokensCounted: Bool
  ) {
    (self.pool, self.table, self.options, self.engine) = (pool, table, options, engine)
    self.areTokensCounted = areTokensCounted
    order = KeyedOrder(seed: options.seed)
    starts = [UInt32?](repeating: nil, count: table.count)
    isStartKnown = [Bool](repeating: false, count: table.count)
    for row in pool.picked { picked[Int(table.cellOf[Int(row)]), default: []].append(row) }
  }

  /// The first rows of some cells.
  /// - Parameter wanted: cells, ascending, and how many rows of each, beside those that are picked already.
  func orders(_ wanted: [(cell: Int, count: Int)]) throws -> [[UInt32]] {
    if options.method.usesVectors, options.method != .facilityLocation { try findStarts(wanted.map(\.cell)) }
    guard options.method != .random, options.method != .stratified else {
      let rows = wanted.map { keyed($0.cell, $0.count) }
      return rows
    }
    let isSmall = wanted.map { GatheredRows.areKept(table.size($0.cell), engine) }
    let small = wanted.indices.filter { isSmall[$0] }
    var result = [[UInt32]](repeating: [], count: wanted.count)
    // Small cells side by side, a slice at a time so that one can stop between them.
    let slice = 16 * engine.workers.count
    for first in stride(from: 0, to: small.count, by: slice) {
      try engine.tell("picks", first, small.count)
      let some = Array(small[first..<min(first + slice, small.count)])
      let work = some.map { place in job(wanted[place].cell, wanted[place].count) }
      let orders = try engine.workers.map(some.count, isWorthwhile: true) { worker, index in
        try work[index].run(worker: worker)
      }
      for (place, order) in zip(some, orders) { result[place] = order }
    }
    for place in wanted.indices where !isSmall[place] {
      result[place] = try job(wanted[place].cell, wanted[place].count).run(worker: nil)
    }
    return result
  }

  private func keyed(_ cell: Int, _ count: Int) -> [UInt32] {
    let rows = table.rows(cell)
    let mine = Set(picked[cell] ?? [])
    let start = mine.isEmpty && options.method == .stratified ? starts[cell] : nil
    let others = order.first(count + mine.count + (start == nil ? 0 : 1), of: rows, ids: pool.ids)
      .filter { $0 != start && !mine.contains($0) }
    return Array(((start.map { [$0] } ?? []) + others).prefix(count))
  }

  private func findStarts(_ cells: [Int]) throws {
    let missing = cells.filter { !isStartKnown[$0] && picked[$0] == nil }
    guard !missing.isEmpty else { return }
    var isAsked = [Bool](repeating: false, count: table.count)
    for cell in missing { (isAsked[cell], isStartKnown[cell]) = (true, true) }
    let distances = try engine.distances(
      of: pool.ids, cells: table.cellOf, isAsked: isAsked, centroids: try cellCentroids(), stage: "distances")
    for cell in missing {
      let rows = table.rows(cell).lazy.map { (distance: distances[Int($0)], row: $0) }.filter { $0.distance >= 0 }
      starts[cell] = options.method == .stratified ? typical(of: rows.sorted(by: <)) : rows.min(by: <)?.row
    }
  }

  /// The first in the order of the hash of the quarter that is nearest to the centroid. The nearest of all is no typical
  /// example of its cluster, and it is the same whatever the seed.
  private func typical(of nearest: [(distance: Double, row: UInt32)]) -> UInt32? {
    order.first(1, of: nearest.prefix(max(1, nearest.count / 4)).map(\.row), ids: pool.ids).first
  }

  private func cellCentroids() throws -> [[Float]?] {
    if let centroids { return centroids }
    let found: [[Float]?]
    if options.method.usesClusters {
      let clusters = try engine.centroids(
        of: pool.ids, labels: pool.clusters, count: pool.clusterCount, known: pool.centroids)
      found = table.cluster.map { clusters[Int($0)] }
    } else {
      found = try engine.centroids(of: pool.ids, labels: table.cellOf, count: table.count, known: [])
    }
    centroids = found
    return found
  }

  private func job(_ cell: Int, _ count: Int) -> GreedyJob {
    GreedyJob(
      rows: Array(table.rows(cell)), ids: table.rows(cell).map { pool.ids[Int($0)] }, picked: picked[cell] ?? [],
      start: starts[cell], count: count, method: options.method, seed: options.seed,
      costs: areTokensCounted
        ? table.rows(cell).map { Double(max(pool.tokens[Int($0)], 1)).squareRoot() } : [],
      engine: engine)
  }
}

/// The greedy choice within one cell, as a value that any thread can run.
private struct GreedyJob: Sendable {
  let rows: [UInt32]
  let ids: [UInt64]
  let picked: [UInt32]
  let start: UInt32?
  let count: Int
  let method: SelectionMethod
  let seed: UInt64
  let costs: [Double]
  let engine: SelectionEngine

  /// Rows of a cell ascend.
  private func place(of row: UInt32) -> Int? {
    var (low, high) = (0, rows.count)
    while low < high {
      let middle = (low + high) / 2
      if rows[middle] < row { low = middle + 1 } else { high = middle }
    }
    return low < rows.count && rows[low] == row ? low : nil
  }

  /// - Parameter worker: nil when all threads take part.
  func run(worker: Int?) throws -> [UInt32] {
    let gathered = try GatheredRows(ids, engine, worker: worker ?? 0)
    let taken = picked.compactMap { place(of: $0) }
    let greedy = LazyGreedy(rows: gathered, engine: engine, worker: worker)
    let told: (Int) throws -> Void = { if worker == nil { try engine.tell("picks", $0, count) } }
    let order: [Int]
    if method == .facilityLocation {
      let references = KeyedOrder(seed: seed, purpose: 1).first(
        Coverage.mostReferences, of: rows.indices.map(UInt32.init), ids: ids
      ).map(Int.init).sorted()
      let coverage = try Coverage(engine, gathered, references: references, costs: costs, worker: worker ?? 0)
      if let worker, CoverageMatrix.fits(rows.count, references: references.count, engine) {
        let matrix = try CoverageMatrix(coverage, gathered, references: references, engine, worker: worker)
        return try matrix.order(count, taken: taken).map { rows[$0] }
      }
      order = try greedy.order(
        count, by: coverage, taken: taken, start: nil, multiplications: coverage.multiplications, told: told)
    } else {
      let start = start.flatMap { place(of: $0) }
      if worker == nil {
        let rounds = FarthestRounds(engine, ids)
        if let order = try rounds.order(count, taken: taken, start: start, told: told) { return order.map { rows[$0] } }
      }
      order = try greedy.order(
        count, by: FarthestFirst(engine), taken: taken, start: start,
        multiplications: engine.dimension, told: told)
    }
    return order.map { rows[$0] }
  }
}
