public import CohortCore

/// What was done to bring a catalog up to date.
public struct CatalogRefresh: Hashable, Sendable {
  /// Why a catalog was made anew, from the first entry of the log.
  public enum Reason: String, Sendable, CaseIterable {
    /// There was no file.
    case missing
    /// It had applied entries that the store does not have: the store is an older copy.
    case ahead
    /// It was made from another store.
    case otherStore = "other-store"
    /// The entry that it had applied last is not the store's entry of that number: the store was restored and went on.
    case otherHistory = "other-history"
    /// It was written by an older or newer release, or somebody changed its tables.
    case otherSchema = "other-schema"
    /// SQLite found it damaged, or it is no database.
    case damaged
    /// This process may not read the file, or not in the way that SQLite needs.
    case unreadable
    /// Of what it holds much was deleted from the store since; of a full-text index only.
    case deletions
    /// `rebuild` was called.
    case requested
  }

  /// Nil when what was there could be used.
  public var rebuilt: Reason?
  /// Entries applied now.
  public var entries: UInt64
  /// The last entry that the catalog shows.
  public var applied: LogSequence
  /// The catalog is a copy in memory: this process does not own the store, and the file was behind or unusable.
  public var isPrivate: Bool
}
