import CohortClustering
import CohortCore

/// What a store would hold: assignments, and where each sample's vector lies in the file. Counts what a commit would
/// write.
struct MemoryTable: AssignmentTable, SampleFeatures {
  /// Rows of a column's chunk in the store: it is rewritten as a whole.
  static let chunkRows = 4_096

  let vectors: VectorFile
  private(set) var groups: [UInt32] = []
  private(set) var distances: [Float] = []
  /// Row of each sample in the file.
  private var rows: [Int32] = []

  init(_ vectors: VectorFile) { self.vectors = vectors }

  var sampleCount: UInt64 { UInt64(groups.count) }

  mutating func add(row: Int) -> SampleID {
    groups.append(GroupID.unassigned.rawValue)
    distances.append(0)
    rows.append(Int32(row))
    return SampleID(UInt64(groups.count - 1))
  }

  /// - Returns: bytes of the column chunks that hold the changed rows.
  mutating func write(_ assignments: [Assignment]) -> Int {
    var chunks = 0
    var last = -1
    for assignment in assignments {
      let row = Int(assignment.sample.rawValue)
      groups[row] = assignment.group.rawValue
      distances[row] = assignment.distance
      if row / Self.chunkRows != last {
        last = row / Self.chunkRows
        chunks += 1
      }
    }
    return chunks * Self.chunkRows * 8
  }

  func assignment(of sample: SampleID) throws -> Assignment {
    let row = Int(sample.rawValue)
    return Assignment(sample: sample, group: GroupID(groups[row]), distance: distances[row])
  }

  func scan(
    _ samples: Range<UInt64>,
    _ body: (UInt64, UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    try groups.withUnsafeBufferPointer { groups in
      try distances.withUnsafeBufferPointer { distances in
        var start = Int(samples.lowerBound)
        while start < samples.upperBound {
          let end = min((start / Self.chunkRows + 1) * Self.chunkRows, Int(samples.upperBound))
          try body(
            UInt64(start), UnsafeBufferPointer(rebasing: groups[start..<end]),
            UnsafeBufferPointer(rebasing: distances[start..<end]))
          start = end
        }
      }
    }
  }

  func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into target: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    guard let base = target.baseAddress else { return }
    for (i, sample) in samples.enumerated() {
      present[i] = 1
      vectors.read(Int(rows[Int(sample)]), into: base + i * dimension)
    }
  }

  func withHalfVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int,
    _ body: (_ first: Int, _ rows: UnsafeBufferPointer<UnsafePointer<UInt16>?>) throws -> Void
  ) throws -> Bool {
    guard vectors.isHalf else { return false }
    try withUnsafeTemporaryAllocation(of: UnsafePointer<UInt16>?.self, capacity: max(samples.count, 1)) { found in
      for (i, sample) in samples.enumerated() {
        found.initializeElement(at: i, to: vectors.halves(Int(rows[Int(sample)])))
      }
      try body(0, UnsafeBufferPointer(rebasing: found[..<samples.count]))
    }
    return true
  }
}
