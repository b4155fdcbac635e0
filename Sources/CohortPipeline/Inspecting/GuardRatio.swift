internal import CohortClustering
public import CohortStore

extension GroupListing {
  /// The error of a grouping by embedding over that of a fresh k-means, as the guard measured it when the number of
  /// samples had doubled last; nil for other groupings, and before the first time.
  /// - Throws: `clustering.damaged-state` for a header that cannot be read.
  public static func guardRatio(of grouping: GroupingRecord) throws -> Double? {
    try grouping.embeddingHeader?.lastGuard?.ratio
  }
}
