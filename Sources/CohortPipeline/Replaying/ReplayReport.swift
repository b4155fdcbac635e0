public import CohortCore

/// What making a grouping anew from the log found.
public struct ReplayReport: Hashable, Sendable {
  /// The first thing that is stored otherwise than the log gives it.
  public struct Difference: Hashable, Sendable {
    /// The log entry that says so; for the stored state the last round's.
    public var sequence: LogSequence
    /// Change records that had been applied.
    public var position: UInt64
    /// What differs, in words.
    public var what: String
  }

  /// Name of the grouping that was made again.
  public var grouping: String
  /// Complete rounds that were made again.
  public var rounds = 0
  /// Change records that they applied.
  public var records: UInt64 = 0
  /// Assignments that were compared.
  public var samples: UInt64 = 0
  /// Groups that were compared, closed ones included.
  public var groups = 0
  /// Of the state that was made.
  public var digest: UInt64 = 0
  /// Nil when nothing differs as far as it was looked at.
  public var difference: Difference?
  /// Why the log does not say enough to make the grouping anew.
  public var obstacle: String?

  /// Whether the whole grouping could be made again, and came out the same.
  public var isSame: Bool { difference == nil && obstacle == nil }

  init(grouping: String) { self.grouping = grouping }
}
