/// The rows of a pool by stratum and cluster: a *cell* is the rows of one cluster in one stratum. Cells are numbered by
/// stratum, then by cluster; rows within a cell ascend.
struct CellTable: Sendable {
  /// The rows, cell after cell.
  private let rows: [UInt32]
  /// Where each cell begins in `rows`, and the end of the last.
  private let starts: [Int]
  let stratum: [UInt32]
  let cluster: [UInt32]
  /// The cell of each row.
  let cellOf: [UInt32]

  var count: Int { stratum.count }

  /// - Parameter byCluster: false when a stratum is one cell.
  /// - Complexity: O(rows + clusters + strata): two counting sorts.
  init(_ pool: SelectionPool, byCluster: Bool) {
    var rows = Array(0..<UInt32(pool.count))
    if byCluster { rows = Self.sorted(rows, by: pool.clusters, below: pool.clusterCount) }
    if !pool.strata.isEmpty { rows = Self.sorted(rows, by: pool.strata, below: pool.stratumCount) }
    var (starts, stratum, cluster): ([Int], [UInt32], [UInt32]) = ([], [], [])
    var cellOf = [UInt32](repeating: 0, count: pool.count)
    for (place, row) in rows.enumerated() {
      let mine = (pool.stratum(Int(row)), byCluster ? pool.clusters[Int(row)] : 0)
      if stratum.last != mine.0 || cluster.last != mine.1 {
        starts.append(place)
        stratum.append(mine.0)
        cluster.append(mine.1)
      }
      cellOf[Int(row)] = UInt32(stratum.count - 1)
    }
    starts.append(rows.count)
    (self.rows, self.starts, self.stratum, self.cluster, self.cellOf) = (rows, starts, stratum, cluster, cellOf)
  }

  func size(_ cell: Int) -> Int { starts[cell + 1] - starts[cell] }

  func rows(_ cell: Int) -> ArraySlice<UInt32> { rows[starts[cell]..<starts[cell + 1]] }

  /// A stable counting sort.
  private static func sorted(_ rows: [UInt32], by key: [UInt32], below bound: Int) -> [UInt32] {
    var next = [Int](repeating: 0, count: bound + 1)
    for value in key { next[Int(value) + 1] += 1 }
    for i in 0..<bound { next[i + 1] += next[i] }
    var sorted = rows
    for row in rows {
      let value = Int(key[Int(row)])
      sorted[next[value]] = row
      next[value] += 1
    }
    return sorted
  }
}
