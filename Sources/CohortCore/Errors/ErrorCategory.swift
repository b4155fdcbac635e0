/// What kind of failure an error is. Programs turn it into an exit code, a server into a status.
public enum ErrorCategory: String, Sendable {
  /// Something went wrong that none of the others names. Exit code 1.
  case failure
  /// The caller asked for something that makes no sense. Exit code 2.
  case usage
  /// A store, grouping, plan, sample or file that does not exist. Exit code 3.
  case notFound
  /// Bytes that do not match their checksum or their format. Exit code 4.
  case corruption
  /// The daemon could not be reached. Exit code 5.
  case unreachable
  /// Somebody else holds the store, the disk is full: the same call may succeed later. Exit code 75.
  case temporary
  /// The user interrupted the work. Exit code 130.
  case interrupted

  /// What an executable that failed for this reason exits with.
  public var exitCode: Int32 {
    switch self {
    case .failure: 1
    case .usage: 2
    case .notFound: 3
    case .corruption: 4
    case .unreachable: 5
    case .temporary: 75
    case .interrupted: 130
    }
  }
}
