public import CohortCore

/// What making a grouping anew from the log found.
public struct ReplayReport: Hashable, Sendable {
  /// The first thing that is stored otherwise than the log gives it.
  public struct Difference: Hashable, Sendable {
    /// The log entry that says so; for the stored state the last round's.
    public var sequence: LogSequence
    /// Change records that had been applied.
    public var position: UInt64
    public var what: String
  }

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
  public var difference: Difference?
  /// Why the log does not say enough to make the grouping anew.
  public var obstacle: String?

  public var isSame: Bool { difference == nil && obstacle == nil }

  init(grouping: String) { self.grouping = grouping }
}
