internal import CohortCore
public import CohortStore
internal import CohortSystem

/// The catalog of an open store for all who ask in this process, so that no question opens, checks or copies a file of its
/// own. Whoever keeps the file up to date lends its catalog (`keep`): then a question has it brought to the end of the log,
/// which is cheap, and reads the file. While nobody does, one catalog for reading is kept between the questions.
///
/// May be used from any thread.
public final class SharedCatalog: Sendable {
  private struct State {
    /// The one that writes the file.
    var kept: Catalog?
    /// Told when a question had that one made anew.
    var tell: (@Sendable (CatalogRefresh) -> Void)?
    /// One that only reads, or has a copy in memory.
    var reading: Catalog?
    var openings: UInt64 = 0
  }

  private let state = Locked(State())
  /// One thread at a time opens a catalog for reading.
  private let opening = Locked(())

  private init() {}

  /// The one of a store; it lives as long as the store is open.
  public static func of(_ store: Store) -> SharedCatalog { store.companion { SharedCatalog() } }

  /// Lends a catalog that writes the file; nil takes it back: the file is free for others as soon as those are done who just
  /// bring it up to date.
  /// - Parameter tell: called when a question found the file damaged, or unfit for the store, and it was made anew; on the
  ///   thread that asked.
  public func keep(_ catalog: Catalog?, tell: (@Sendable (CatalogRefresh) -> Void)? = nil) {
    state.withLock { state in
      state.kept = catalog
      state.tell = tell
      // It may be a copy in memory.
      if catalog != nil { state.reading = nil }
    }
  }

  /// A connection that shows the store's log to its end.
  /// - Throws: `catalog.…`; what reading the store throws.
  /// - Complexity: linear in the entries since the last question; without a kept catalog whose file is up to date, also linear
  ///   in the size of the catalog.
  public func reader(of store: Store) throws -> CatalogReader {
    if let reader = try keptReader(of: store, mending: nil) { return reader }
    let catalog = try reading(of: store)
    try catalog.catchUp(from: store)
    return try catalog.reader()
  }

  /// A connection to a catalog made anew, after a question met damage in the one that it had: the file, where somebody in this
  /// process keeps it or nobody anywhere does; else a copy in memory, which is kept for the questions to come.
  /// - Throws: as `reader`.
  package func mendedReader(of store: Store, after damaged: CatalogReader) throws -> CatalogReader {
    if let reader = try keptReader(of: store, mending: damaged.edition) { return reader }
    let mended = try Catalog(rebuilding: store)
    // One that has the file's lock would keep it from others.
    if !mended.isWriter { state.withLock { $0.reading = mended } }
    return try mended.reader()
  }

  /// A connection to the file of whoever keeps it, made anew where it is damaged.
  /// - Parameter edition: of the one that was found damaged before.
  /// - Returns: nil where nobody keeps it, or where it cannot be written: a copy in memory can.
  private func keptReader(of store: Store, mending edition: Int?) throws -> CatalogReader? {
    guard let kept = state.withLock({ $0.kept }) else { return nil }
    do {
      if let edition { try mend(kept, store, edition) }
      let refresh = try kept.catchUp(from: store)
      if refresh.rebuilt != nil { tell(refresh) }
      let now = kept.edition
      do {
        return try kept.reader()
      } catch let error as CohortError where error.code == .catalogDamaged {
        try mend(kept, store, now)
        return try kept.reader()
      }
    } catch let error as CohortError where error.code.module == .catalog && error.code != .catalogUnreadableEntry {
      return nil
    }
  }

  private func mend(_ kept: Catalog, _ store: Store, _ edition: Int) throws {
    if let refresh = try kept.mend(from: store, edition) { tell(refresh) }
  }

  private func tell(_ refresh: CatalogRefresh) { state.withLock { $0.tell }?(refresh) }

  private func reading(of store: Store) throws -> Catalog {
    try opening.withLock { _ in
      if let known = state.withLock({ $0.reading }) { return known }
      let catalog = try Catalog(reading: store)
      state.withLock { state in
        state.reading = catalog
        state.openings += 1
      }
      return catalog
    }
  }

  /// How many catalogs were opened for reading.
  package var openings: UInt64 { state.withLock { $0.openings } }
}
