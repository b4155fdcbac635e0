/// Who asks, as far as a door could tell.
public struct Principal: Hashable, Sendable {
  /// What somebody may do.
  public enum Rights: Int, Comparable, Sendable {
    /// Only what needs no rights.
    case none
    /// Ask.
    case read
    /// Ask and change.
    case write

    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
  }

  /// What the door allows.
  public var rights: Rights

  public init(rights: Rights) { self.rights = rights }
}

/// Which kind of door a connection came through.
enum DoorKind: Sendable {
  /// A Unix socket: the system tells whose process is at the other end.
  case local
  /// TCP: anybody on this machine, so a token tells.
  case network
}
