internal import CohortCore
public import CohortStore

extension SpaceJob {
  /// Chunks that one transaction removes: as much as 256 MB of vectors.
  private static let chunksPerCommit = 2_048

  /// The space that is taken where none is named: the one that was made the default, else the one called "default", else
  /// the only one. Nil where neither is.
  public static func defaultSpace(_ transaction: borrowing ReadTransaction) throws -> EmbeddingSpace? {
    if let chosen = try transaction.chosenSpace() { return chosen }
    if let named = try transaction.space(named: defaultName) { return named }
    let spaces = try transaction.spaces()
    return spaces.count == 1 ? spaces[0] : nil
  }

  /// Forgets a space, and then removes its vectors, some in a transaction. Killed in between, the space is gone, and the
  /// rest is removed by whoever embeds or drops next.
  /// - Returns: chunks that were removed.
  /// - Throws: `store.unknown-embedding-space`; `store.space-in-use`; `store.default-space`; `pipeline.interrupted` between
  ///   two transactions.
  @discardableResult
  public static func drop(_ store: Store, space name: String, control: JobControl = JobControl()) throws -> UInt64 {
    try store.write { transaction in
      // Groupings are the better reason, so they are asked first.
      if let space = try transaction.reading.space(named: name),
        try transaction.reading.groupings(of: space).isEmpty,
        try defaultSpace(transaction.reading)?.id == space.id
      {
        throw StoreError(
          code: "default-space", category: .usage,
          message: "Embedding space \"\(name)\" is the default: it is taken where no other is named",
          hint: "Make another space the default first: cohort space default NAME")
      }
      try transaction.dropSpace(named: name)
    }
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
