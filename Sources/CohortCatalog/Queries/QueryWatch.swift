internal import GRDBSQLite

/// What SQLite's callbacks share while one query runs: permissions, the clock, memory, and why the query was stopped. Used by
/// the thread that runs the query only.
final class QueryWatch {
  enum Stop {
    case deadline
    /// There is so much to be sorted that it would outlast the deadline.
    case sorting
    case memory
    case cancelled
    /// What the statement is compiled to is too long.
    case instructions
    /// Compiling it takes too much memory.
    case compiling
    /// It names too many tables, columns and functions, with all its parts written out.
    case names
    /// The system has no memory left.
    case system
  }

  /// Bytes that compiling a statement may take: there is no need of more for the 10,000 instructions that it may have.
  static let compilingBytes: Int64 = 32 << 20
  /// How often a statement may name a table, a column or a function.
  static let mostNames = 100_000
  /// Seconds that sorting may outlast the deadline.
  private static let sortGrace = 0.7
  /// Bytes that are sorted in no time.
  private static let sortedAtOnce: Int64 = 1 << 20

  private let permissions: QueryPermissions
  private let end: ContinuousClock.Instant
  private let most: Int64
  private let isCancelled: () -> Bool
  private let heap = UnsafeQueryHeap()
  private var names = 0
  private var isCompiling = true
  /// What the statement sorts; nil when it sorts nothing, or is not known yet.
  var sort: SortEstimate?
  /// Why the statement was refused, the first reason found.
  private(set) var refusal: String?
  private(set) var stop: Stop?

  init(
    permissions: QueryPermissions, end: ContinuousClock.Instant, memory: Int64, isCancelled: @escaping () -> Bool
  ) {
    self.permissions = permissions
    self.end = end
    self.most = memory
    self.isCancelled = isCancelled
  }

  // MARK: Memory

  /// Begins to count what the statement takes of SQLite's memory, on this thread; `endCounting` ends it.
  /// - Returns: false where that cannot be: nothing may run then.
  func beginCounting() -> Bool {
    heap.begin(most: min(most, Self.compilingBytes), time: end - .now)
  }

  func endCounting() { heap.end() }

  /// The statement is compiled, and runs from now on.
  func beginRunning() {
    isCompiling = false
    heap.allow(most)
  }

  // MARK: What callbacks ask

  func isAllowed(_ action: CInt, first: String?, second: String?) -> Bool {
    names += 1
    if names > Self.mostNames { stop = stop ?? .names }
    if mustStop() { return false }
    guard let reason = permissions.refusal(action, first: first, second: second) else { return true }
    if refusal == nil { refusal = reason }
    return false
  }

  /// Whether the query has to end now.
  func mustStop() -> Bool {
    if stop != nil { return true }
    let left = end - .now
    if left <= .zero {
      stop = .deadline
    } else if isSortingTooMuch(left) {
      stop = .sorting
    } else if isCancelled() {
      stop = .cancelled
    }
    return stop != nil
  }

  private func isSortingTooMuch(_ left: Duration) -> Bool {
    guard let sort, heap.used > Self.sortedAtOnce else { return false }
    let (seconds, attoseconds) = left.components
    return sort.seconds(bytes: heap.used) > Double(seconds) + Double(attoseconds) * 1e-18 + Self.sortGrace
  }

  /// Why SQLite broke off for want of memory, or because it was told to.
  var reason: Stop {
    if let stop { return stop }
    switch heap.refusal {
    case .late: return .deadline
    case .full: return isCompiling && most > Self.compilingBytes ? .compiling : .memory
    // SQLite says so, too, of a program that is longer than it may be.
    case nil: return isCompiling ? .instructions : .system
    }
  }
}
