/// The rows that a selection chooses from. Rows are numbered in the order of their ids.
///
/// Memory: 12 to 24 bytes a row. Vectors are not here: they stream from a `RowSource`.
public struct SelectionPool: Sendable {
  /// Ascending.
  public var ids: [UInt64]
  /// The cluster of each row, below `clusterCount`.
  public var clusters: [UInt32]
  public var clusterCount: Int
  /// The centroid of each cluster, nil where it is not known: then it is the mean of the members.
  public var centroids: [[Float]?]
  /// The stratum of each row, below `stratumCount`; empty when there is one stratum only.
  public var strata: [UInt32]
  public var stratumCount: Int
  /// The length of each row; empty where nobody counts tokens.
  public var tokens: [UInt32]
  /// Rows that are picked before anything is chosen, in their order.
  public var picked: [UInt32]

  /// Rows in one cluster and one stratum.
  public init(ids: [UInt64]) {
    self.ids = ids
    clusters = [UInt32](repeating: 0, count: ids.count)
    clusterCount = 1
    centroids = [nil]
    strata = []
    stratumCount = 1
    tokens = []
    picked = []
  }

  /// How many rows there are.
  public var count: Int { ids.count }

  /// The stratum of a row.
  public func stratum(_ row: Int) -> UInt32 { strata.isEmpty ? 0 : strata[row] }

  /// The pool without the rows for which `isKept` is false; clusters and strata keep their numbers. Rows that are picked
  /// already stay.
  public func filtered(_ isKept: (Int) -> Bool) -> SelectionPool {
    let isPicked = Set(picked)
    let kept = ids.indices.filter { isKept($0) || isPicked.contains(UInt32($0)) }
    var pool = self
    pool.ids = kept.map { ids[$0] }
    pool.clusters = kept.map { clusters[$0] }
    pool.strata = strata.isEmpty ? [] : kept.map { strata[$0] }
    pool.tokens = tokens.isEmpty ? [] : kept.map { tokens[$0] }
    var place = [UInt32: UInt32](minimumCapacity: picked.count)
    if !picked.isEmpty {
      for (new, old) in kept.enumerated() where isPicked.contains(UInt32(old)) { place[UInt32(old)] = UInt32(new) }
    }
    pool.picked = picked.compactMap { place[$0] }
    return pool
  }
}
