/// How a core set is chosen.
public enum SelectionMethod: String, Hashable, Sendable, CaseIterable {
  /// Rows in the order of a keyed hash of their ids.
  case random
  /// From each cluster in proportion to its size: first a row among the quarter nearest to its centroid, then in the order of
  /// the hash, which that row is the first in as well.
  case stratified
  /// From each cluster in proportion to its size: rows that stand for many others (Mirzasoleiman et al. 2013, lazy greedy).
  case facilityLocation = "facility-location"
  /// From each cluster in proportion to its size: the row farthest from those picked there (Chen et al. 2023).
  case kmeansKCenter = "kmeans-kcenter"
  /// The row farthest from all picked before, without regard to clusters (Gonzalez 1985; Sener and Savarese 2018).
  case kcenter

  /// Whether quotas go by clusters.
  public var usesClusters: Bool { self != .random && self != .kcenter }

  /// Whether rows are compared by their vectors.
  public var usesVectors: Bool { self != .random }
}

/// What divides a budget among strata.
public enum StratumShares: String, Hashable, Sendable, CaseIterable {
  /// The same number of rows from each, as long as it has any.
  case equal
  /// As many as its share of the rows.
  case proportional
}

/// How much a selection may take.
public enum SelectionBudget: Hashable, Sendable {
  /// So many rows, exactly.
  case rows(UInt64)
  /// At most so many tokens: no row that is left would fit into the rest.
  case tokens(UInt64)
}

/// What decides, beside the rows themselves.
public struct SelectionOptions: Hashable, Sendable {
  public var method: SelectionMethod
  /// With the ids of the rows the only source of chance.
  public var seed: UInt64
  /// How strata share the budget.
  public var shares: StratumShares
  /// Rows that each stratum (each cluster where there are no strata) gets before any gets more.
  public var minimum: UInt64

  public init(
    method: SelectionMethod = .stratified, seed: UInt64 = 0, shares: StratumShares = .equal, minimum: UInt64 = 0
  ) {
    self.method = method
    self.seed = seed
    self.shares = shares
    self.minimum = minimum
  }
}

/// How far a selection is. Passed to whoever asked for it, who stops it by throwing.
public struct SelectionProgress: Hashable, Sendable {
  /// What is being done: "duplicates", "centroids", "distances", "picks".
  public var stage: String
  public var done: UInt64
  public var total: UInt64
}
