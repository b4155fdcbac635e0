public import CohortStore

extension SpaceJob {
  /// Chunks that one transaction removes: as much as 256 MB of vectors.
  private static let chunksPerCommit = 2_048

  /// Forgets a space, and then removes its vectors, some in a transaction. Killed in between, the space is gone, and the
  /// rest is removed by whoever embeds or drops next.
  /// - Returns: chunks that were removed.
  /// - Throws: `store.unknown-embedding-space`; `store.space-in-use`; `store.default-space`; `pipeline.interrupted` between
  ///   two transactions.
  @discardableResult
  public static func drop(_ store: Store, space name: String, control: JobControl = JobControl()) throws -> UInt64 {
    try store.write { try $0.dropSpace(named: name) }
    return try freeDropped(store, control: control)
  }

  /// Removes what is left of dropped spaces.
  /// - Returns: chunks that were removed.
  /// - Throws: `pipeline.interrupted` between two transactions.
  @discardableResult
  public static func freeDropped(_ store: Store, control: JobControl = JobControl()) throws -> UInt64 {
    guard try store.read({ try $0.hasDroppedColumns() }) else { return 0 }
    var total: UInt64 = 0
    while true {
      let removed = try store.write { try $0.freeDroppedColumns(limit: chunksPerCommit) }
      total += UInt64(removed)
      guard removed == chunksPerCommit else { return total }
      control.report(JobProgress(stage: "free", done: total, total: nil, unit: "chunks"))
      try control.checkpoint()
    }
  }
}
