public import CohortCore

/// A table of assignments with those of rounds on top that are not committed yet: so several short rounds share a
/// transaction, and each reads what the ones before it decided.
///
/// Memory: 8 bytes for each sample in a page of 256 that holds a change.
public struct PendingAssignments: AssignmentTable {
  private var overlay: AssignmentOverlay

  /// The table's assignments, with nothing on top.
  /// - Parameter table: what is committed; it is read whenever a row without a change is asked for.
  public init(over table: any AssignmentTable) { overlay = AssignmentOverlay(over: table) }

  /// Puts the assignments of a round on top.
  public mutating func write(_ assignments: [Assignment]) throws {
    for assignment in assignments { try overlay.set(assignment.sample, assignment.group, assignment.distance) }
  }

  public var sampleCount: UInt64 { overlay.table.sampleCount }

  public func assignment(of sample: SampleID) throws -> Assignment { try overlay.assignment(of: sample) }

  public func scan(
    _ samples: Range<UInt64>,
    _ body: (UInt64, UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<Float>) throws -> Void
  ) throws { try overlay.scan(samples, body) }
}
