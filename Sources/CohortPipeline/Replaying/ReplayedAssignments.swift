internal import CohortClustering
internal import CohortCore

/// Assignments in memory: 8 bytes a sample.
struct ReplayedAssignments: AssignmentTable {
  private var groups: [UInt32] = []
  private var distances: [Float] = []

  var sampleCount: UInt64 { UInt64(groups.count) }

  /// Adds samples without an assignment.
  mutating func grow(to count: UInt64) {
    let added = Int(clamping: count) - groups.count
    guard added > 0 else { return }
    groups.append(contentsOf: repeatElement(GroupID.unassigned.rawValue, count: added))
    distances.append(contentsOf: repeatElement(0, count: added))
  }

  mutating func write(_ assignments: [Assignment]) {
    for assignment in assignments {
      groups[Int(assignment.sample.rawValue)] = assignment.group.rawValue
      distances[Int(assignment.sample.rawValue)] = assignment.distance
    }
  }

  func assignment(of sample: SampleID) throws -> Assignment {
    let row = Int(sample.rawValue)
    return Assignment(sample: sample, group: GroupID(groups[row]), distance: distances[row])
  }

  func scan(
    _ samples: Range<UInt64>,
    _ body: (UInt64, UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    guard !samples.isEmpty else { return }
    let rows = Int(samples.lowerBound)..<Int(samples.upperBound)
    try groups.withUnsafeBufferPointer { groups in
      try distances.withUnsafeBufferPointer { distances in
        try body(
          samples.lowerBound, UnsafeBufferPointer(rebasing: groups[rows]),
          UnsafeBufferPointer(rebasing: distances[rows]))
      }
    }
  }
}
