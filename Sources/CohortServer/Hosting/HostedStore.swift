public import CohortActions
public import CohortCore
public import CohortPipeline
public import CohortStore

/// A store that this process owns, as the HTTP interface sees it.
public protocol HostedStore: Sendable {
  /// The name in the routes.
  var name: String { get }

  /// The open store, for one request: do not keep it longer.
  /// - Throws: why there is none at the moment (`corruption`, `temporary`).
  func open() throws -> Store

  /// Runs work that needs what `access` says: waits for its turn behind others who asked before.
  /// - Parameter patience: seconds to wait for work that excludes others; nil for as long as it takes.
  /// - Throws: `store.busy` (temporary) when the patience ends, `store.stopping` (temporary); what `body` throws.
  func perform<R>(_ access: ActionAccess, patience: Double?, _ body: (Store) throws -> R) throws -> R

  /// How records that come over HTTP are read unless the request says otherwise, and what limits they have.
  var ingestion: IngestRequest { get }

  /// What is missing on the disk: nil when there is room for new samples.
  func shortage() -> CohortError?

  /// Tells whatever follows the log that there is something new.
  func wake()

  /// Waits until the log is longer than `sequence`, or `seconds` are over, or the process ends. Blocks a thread.
  /// - Returns: the last entry's number.
  func waitForLog(after sequence: LogSequence, seconds: Double) -> LogSequence

  /// What the process knows of the store, for `/metrics` and `/readyz`.
  var condition: StoreCondition { get }
}

/// What a process knows of a store that it owns.
public struct StoreCondition: Sendable {
  /// Whether new samples are refused because the disk is nearly full.
  public var isShortOfRoom = false
  /// Guests that write beside the process, and write turns given to them.
  public var guests = 0
  public var guestTurns: UInt64 = 0
  /// Who has the turn to write at the moment.
  public var turn: TurnHolder?
  /// Parts in trouble: `space:default` with the code of their error.
  public var troubles: [(part: String, code: String)] = []
  /// For each part (`space:default`, `measure:words`, `grouping:topics`): seconds since it was last up to date; 0 when it is.
  public var lag: [(part: String, seconds: Double)] = []
  /// Records that came through the inbox since the start.
  public var inbox = InboxCounts()

  /// Records by what became of them.
  public struct InboxCounts: Sendable {
    public var inserted: UInt64 = 0
    public var duplicates: UInt64 = 0
    public var quarantined: UInt64 = 0
    public var files: UInt64 = 0
    public var failedFiles: UInt64 = 0

    public init() {}
  }

  public init() {}
}
