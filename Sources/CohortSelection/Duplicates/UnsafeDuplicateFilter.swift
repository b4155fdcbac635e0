internal import CohortCore
internal import CohortKernels
internal import CohortVectors

extension SelectionEngine {
  /// Neighbours that the rows of a cluster are compared with, beside its own.
  private static let neighbours = 8
  /// Rows that others are compared with at once.
  private static let columnsAtOnce = 2_048

  /// Rows that another row of a lower id makes superfluous: one whose cosine with it is above `cosine`, in the same cluster
  /// or in one of the eight with the nearest centroids (the rule of SemDeDup, Abbas et al. 2023, with neighbours). Rows
  /// without a vector are no duplicates.
  /// - Parameter cosine: above 0, below 1.
  /// - Returns: one flag a row.
  /// - Throws: `selection.option` for a cosine beyond its bounds; what the rows' source and `progress` throw.
  /// - Complexity: rows x (rows of a cluster and its neighbours) products.
  package func duplicates(in pool: SelectionPool, above cosine: Double) throws -> [Bool] {
    guard cosine > 0, cosine < 1 else {
      throw CohortError(
        .selectionOption, "\(cosine) cannot be the cosine of duplicates", hint: "Choose one between 0 and 1, as 0.95")
    }
    var isDuplicate = [Bool](repeating: false, count: pool.count)
    try forEachPart(of: pool) { columns, others, worker in
      var isFound = Set<UInt32>()
      try self.forEachPair(columns: columns, rows: others, of: pool.ids, above: cosine, worker: worker) { row, column in
        isFound.insert(column)
        return false
      }
      return isFound.map { ($0, $0) }
    } found: { _, column in
      isDuplicate[Int(column)] = true
    }
    return isDuplicate
  }

  /// Which rows hang together: each row's number is the lowest row of those that are connected with it by pairs whose
  /// cosine is at least `cosine`, wherever they lie, or by having the same cluster where `joinsClusters` says so.
  /// - Parameter cosine: above 0, below 1; nil to look for no pairs.
  /// - Throws: as `duplicates`.
  /// - Complexity: that of `NearDuplicates.clusters`.
  package func units(of pool: SelectionPool, above cosine: Double?, joinsClusters: Bool) throws -> [UInt32] {
    var sets = DisjointSets(count: pool.count)
    if joinsClusters {
      var first = [UInt32?](repeating: nil, count: pool.clusterCount)
      for (row, cluster) in pool.clusters.enumerated() {
        if let known = first[Int(cluster)] {
          sets.join(known, UInt32(row))
        } else {
          first[Int(cluster)] = UInt32(row)
        }
      }
    }
    if let cosine {
      guard cosine > 0, cosine < 1 else {
        throw CohortError(
          .selectionOption, "\(cosine) cannot be the cosine of duplicates", hint: "Choose one between 0 and 1, as 0.95")
      }
      var search = NearDuplicates(dimension: dimension, cosine: cosine, workers, path)
      let found = try search.clusters(among: pool.ids, of: source) { try self.tell("duplicates", Int($0 * 1000), 1000) }
      let rows = Dictionary(uniqueKeysWithValues: zip(pool.ids, 0..<UInt32(pool.count)))
      for cluster in found {
        let members = cluster.compactMap { rows[$0] }
        for row in members.dropFirst() { sets.join(members[0], row) }
      }
    }
    return (0..<UInt32(pool.count)).map { sets.lowest(of: $0) }
  }

  /// Calls `search` with each part of the rows and those that it is compared with, on several threads, and `found` with the
  /// pairs that it gives, on the calling thread.
  private func forEachPart(
    of pool: SelectionPool,
    _ search: @Sendable (_ columns: [UInt32], _ rows: [UInt32], _ worker: Int) throws -> [(UInt32, UInt32)],
    found: (UInt32, UInt32) -> Void
  ) throws {
    let table = CellTable(Self.unstratified(pool), byCluster: true)
    let centroids = try centroids(
      of: pool.ids, labels: pool.clusters, count: pool.clusterCount, known: pool.centroids)
    let near = neighbourhoods(of: table.cluster.map { centroids[Int($0)] })
    // A cluster of many rows is cut, so that what a worker holds is bounded.
    let pieces = (0..<table.count).flatMap { cell in
      stride(from: 0, to: table.size(cell), by: Self.columnsAtOnce).map { (cell: cell, start: $0) }
    }
    let slice = 4 * workers.count
    for first in stride(from: 0, to: pieces.count, by: slice) {
      try tell("duplicates", first, pieces.count)
      let some = Array(pieces[first..<min(first + slice, pieces.count)])
      let pairs = try workers.map(some.count, isWorthwhile: true) { worker, index in
        let rows = table.rows(some[index].cell)
        let columns = Array(rows.dropFirst(some[index].start).prefix(Self.columnsAtOnce))
        return try search(columns, near[some[index].cell].flatMap { table.rows($0) }, worker)
      }
      for (row, column) in pairs.joined() { found(row, column) }
    }
    try tell("duplicates", pieces.count, pieces.count)
  }

  private static func unstratified(_ pool: SelectionPool) -> SelectionPool {
    var pool = pool
    (pool.strata, pool.stratumCount) = ([], 1)
    return pool
  }

  /// Each cell's own number and those of its neighbours; who is a neighbour of another has it as one.
  private func neighbourhoods(of centroids: [[Float]?]) -> [[Int]] {
    var near = centroids.indices.map { Set([$0]) }
    let known = centroids.indices.filter { centroids[$0] != nil }
    let centers = CenterTable(centroids, dimension: dimension)
    for cell in known {
      guard let mine = centers[cell] else { continue }
      let distances = known.filter { $0 != cell }.compactMap { other -> (distance: Double, cell: Int)? in
        centers[other].map { (cohort_squared_distance(path, mine, $0, dimension), other) }
      }
      for other in distances.sorted(by: <).prefix(Self.neighbours) {
        near[cell].insert(other.cell)
        near[other.cell].insert(cell)
      }
    }
    return near.map { $0.sorted() }
  }

  /// Calls `body` with each row of `rows` and each of `columns` that has a higher number and a cosine with it above the
  /// bound, until it returns false for a column.
  private func forEachPair(
    columns: [UInt32], rows: [UInt32], of ids: [UInt64], above cosine: Double, worker: Int,
    _ body: (_ row: UInt32, _ column: UInt32) -> Bool
  ) throws {
    let block = blocks[worker]
    let set = ColumnSet(dimension: dimension, capacity: columns.count)
    for start in stride(from: 0, to: columns.count, by: block.capacity) {
      let some = columns[start..<min(start + block.capacity, columns.count)]
      try block.load(some.map { ids[Int($0)] }, source, path)
      for (i, row) in some.enumerated() where block.isPresent(i) {
        set.append(block.values(i), slot: Int(row), id: row)
      }
    }
    guard set.count > 0 else { return }
    var isDone = [Bool](repeating: false, count: set.count)
    let width = ColumnSet.panels(set.count)
    let scores = ScoreBuffer()
    // Above this a product may belong to a cosine above the bound; which one does is decided in fixed-order Float64.
    let doubtful = Float(cosine - set.scoreError - 4e-6)
    let limit = 2 - 2 * cosine
    for start in stride(from: 0, to: rows.count, by: block.capacity) {
      let some = rows[start..<min(start + block.capacity, rows.count)]
      try block.load(some.map { ids[Int($0)] }, source, path)
      guard let base = block.pointer(0) else { continue }
      scores.withRoom(for: block.count * width) { products in
        cohort_inner_products(path, base, block.count, dimension, set.packed, set.count, products, width)
        for (i, row) in some.enumerated() where block.isPresent(i) {
          guard let vector = block.pointer(i) else { continue }
          for column in 0..<set.count where products[i * width + column] > doubtful {
            let other = UInt32(set.slots[column])
            guard !isDone[column], row < other else { continue }
            if set.distance(vector, to: column, path) < limit { isDone[column] = !body(row, other) }
          }
        }
      }
    }
  }
}
