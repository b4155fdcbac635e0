internal import CohortCatalog
internal import CohortCore
internal import CohortPipeline
internal import CohortSearch
internal import CohortStore

/// The full-text index as questions find it. An answer does not need it to be up to date, so no trouble with it is told here:
/// whoever keeps it (`update`, the daemon) tells.
enum SearchUpkeep {
  /// Brings the index to its end, if that is soon done and nobody else does it.
  static func follow(_ store: Store, _ control: JobControl) {
    guard isSoonDone(store) else { return }
    _ = try? run(store, control)
  }

  /// The same for a statement, which ends when its time is over.
  static func follow(_ store: Store, mustStop: () -> Bool) {
    guard !mustStop(), isSoonDone(store) else { return }
    _ = try? SearchIndex.follow(store, shouldStop: mustStop)
  }

  private static func isSoonDone(_ store: Store) -> Bool {
    (try? SearchIndex.waiting(of: store)).map { $0 <= SearchRules.mostUnindexed } ?? false
  }

  /// Brings the index to its end.
  /// - Throws: `search.…`; what reading the store throws.
  static func run(_ store: Store, _ control: JobControl) throws -> SearchIndex.Advance {
    try SearchIndex.follow(store, shouldStop: control.shouldStop) { done, total in
      control.report(JobProgress(stage: "search index", done: done, total: total, unit: "samples"))
    }
  }

  /// Takes the index away, which may hold words of samples that are deleted, and makes it anew if that is soon done. Whoever
  /// brings it forward may just be writing words that were read before the deletion: so nothing is asked, but the file waited
  /// for.
  /// - Returns: what to say where it cannot be taken away; nil else. What was deleted is deleted, so that is no failure of it.
  static func erase(_ store: Store, _ control: JobControl) -> String? {
    do {
      guard try SearchIndex.remove(of: store) else { return nil }
    } catch {
      return "\(CohortError(describing: error, as: .searchNotWritable))"
    }
    follow(store, control)
    return nil
  }

  /// Takes a damaged index away. - Returns: whether it could.
  static func drop(_ store: Store) -> Bool { (try? SearchIndex.remove(of: store)) ?? false }
}
