public import CohortCore

/// A store whose process answers for it, as the process that routes to it sees it.
public struct ForwardedStore: Sendable {
  /// What can be had from the process.
  public enum Condition: Sendable {
    /// It was started, and does not answer yet.
    case starting
    /// It answers.
    case open
    /// It ended, or it looks for damage; the next one comes in about that many seconds.
    case away(seconds: Double, CohortError?)
    /// There will be none: the store is damaged.
    case closed(CohortError)
    /// There will be none: its work is done, or all is being ended.
    case ended
  }

  /// The name in the routes.
  public var name: String
  /// The store's folder.
  public var path: String
  /// The unix socket on which the process answers.
  public var socket: String
  public var condition: Condition
  /// Processes that were started after the first one.
  public var restarts: Int
  /// The number of the process, while there is one.
  public var process: Int32?

  public init(
    name: String, path: String, socket: String, condition: Condition = .starting, restarts: Int = 0,
    process: Int32? = nil
  ) {
    self.name = name
    self.path = path
    self.socket = socket
    self.condition = condition
    self.restarts = restarts
    self.process = process
  }
}

/// The stores behind a process that routes. Asked for each request; an answer costs no waiting.
public protocol ForwardedStores: Sendable {
  /// All of them, in the order in which they were given.
  var all: [ForwardedStore] { get }
}

extension ForwardedStores {
  /// The store of a name in a route.
  public func store(named name: String) -> ForwardedStore? { all.first { $0.name == name } }
}
