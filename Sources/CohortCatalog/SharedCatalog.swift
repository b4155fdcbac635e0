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
  public func keep(_ catalog: Catalog?) {
    state.withLock { state in
      state.kept = catalog
      // It may be a copy in memory.
      if catalog != nil { state.reading = nil }
    }
  }

  /// A connection that shows the store's log to its end.
  /// - Throws: `catalog.…`; what reading the store throws.
  /// - Complexity: linear in the entries since the last question; without a kept catalog whose file is up to date, also linear
  ///   in the size of the catalog.
  public func reader(of store: Store) throws -> CatalogReader {
    if let kept = state.withLock({ $0.kept }) {
      do {
        try kept.catchUp(from: store)
        return try kept.reader()
      } catch let error as CohortError where error.code.module == .catalog && error.code != .catalogUnreadableEntry {
        // Where the file cannot be written, a copy in memory can.
      }
    }
    let catalog = try reading(of: store)
    try catalog.catchUp(from: store)
    return try catalog.reader()
  }

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
