package import CohortCore
package import CohortStore

/// What the tables of one connection share: the store, and the state of it that the statement under way sees.
///
/// That state is one read transaction. It begins with the first row that a cursor is asked for, and ends when the last cursor of
/// the connection is closed, which is when the statement is reset. Statements of one connection that run at the same time see
/// the same state, as they do of SQLite's own tables.
///
/// Used by one thread at a time.
package final class TableSession {
  /// What the tables cannot do themselves, because it takes modules of higher layers.
  package struct Services {
    /// The vector of a text in a space (nil for the default one); nil for a text that has none.
    package var encode: ((_ text: String, _ space: String?) throws -> [Float]?)?
    /// Names for the groups of a grouping by embedding, which has none of its own.
    package var labels: ((_ grouping: String) throws -> [GroupID: String])?
    /// Brings the full-text index to the end of the log, if that is soon done. It asks now and then whether it must stop.
    package var followSearch: ((_ mustStop: @escaping () -> Bool) -> Void)?
    /// Takes a damaged full-text index away, so that it is made anew. Says whether it could.
    package var dropSearch: (() -> Bool)?

    package init(
      encode: ((_ text: String, _ space: String?) throws -> [Float]?)? = nil,
      labels: ((_ grouping: String) throws -> [GroupID: String])? = nil,
      followSearch: ((_ mustStop: @escaping () -> Bool) -> Void)? = nil, dropSearch: (() -> Bool)? = nil
    ) {
      self.encode = encode
      self.labels = labels
      self.followSearch = followSearch
      self.dropSearch = dropSearch
    }
  }

  package let store: Store
  let services: Services
  /// Whether the work that goes on is to end. Asked between blocks of rows.
  package var mustStop: () -> Bool = { false }
  /// The most bytes of a value.
  package var valueLimit = Int.max
  /// What the host of a table threw last.
  package internal(set) var failure: CohortError?

  /// Whether the state is kept until `end`, for connections that run one statement.
  private let isForOneStatement: Bool
  private var reading: HeldReading?
  private var cursors = 0
  /// What was computed from the state that is read.
  let derived = DerivedValues()

  package init(_ store: Store, services: Services = Services(), isForOneStatement: Bool) {
    self.store = store
    self.services = services
    self.isForOneStatement = isForOneStatement
  }

  deinit { end() }

  /// Lends the state that the statement sees; begins it where there is none yet. Call it between `cursorOpened` and
  /// `cursorClosed`.
  func read<R>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R {
    let reading = try self.reading ?? store.holdReading()
    self.reading = reading
    return try reading.read(body)
  }

  /// The same for whoever has no cursor, a function or a plan: the state of the statement if there is one, else one that ends
  /// with `body`.
  func readBriefly<R>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R {
    if isForOneStatement || reading != nil { return try read(body) }
    defer { derived.removeAll() }
    return try store.read(body)
  }

  func cursorOpened() { cursors += 1 }

  func cursorClosed() {
    cursors -= 1
    if cursors == 0, !isForOneStatement { end() }
  }

  /// Lets go of the state. Cursors that are still open must not be used.
  package func end() {
    derived.removeAll()
    reading?.end()
    reading = nil
  }

  /// - Throws: `Stopped` when the work is to end.
  func checkStop() throws {
    if mustStop() { throw Stopped() }
  }
}
