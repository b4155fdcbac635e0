internal import CohortCore

/// The table's assignments with the changes of the running round on top.
///
/// Changes are held in pages of 256 rows that are copied from the table when first written, so the memory is bounded by
/// the round's changes and never by more than 8 bytes a sample.
struct AssignmentOverlay: Sendable {
  static let pageRows: UInt64 = 256

  let table: any AssignmentTable
  private var pages: [UInt64: Int] = [:]
  private var groups: [UInt32] = []
  private var distances: [Float] = []

  init(over table: any AssignmentTable) { self.table = table }

  /// The group of a sample whose insertion was applied; nil when it has none.
  /// - Complexity: O(1).
  func applied(_ sample: SampleID) throws -> (group: GroupID, distance: Float)? {
    guard sample.rawValue < table.sampleCount else { return nil }
    let known = try assignment(of: sample)
    return known.group == .unassigned || known.isProvisional ? nil : (known.group, known.distance)
  }

  /// The assignment of one sample below `table.sampleCount`, provisional or not.
  func assignment(of sample: SampleID) throws -> Assignment {
    guard let page = pages[sample.rawValue / Self.pageRows] else { return try table.assignment(of: sample) }
    let at = page + Int(sample.rawValue % Self.pageRows)
    return Assignment(sample: sample, group: GroupID(groups[at]), distance: distances[at])
  }

  mutating func set(_ sample: SampleID, _ group: GroupID, _ distance: Float) throws {
    let at = try page(of: sample) + Int(sample.rawValue % Self.pageRows)
    groups[at] = group.rawValue
    distances[at] = distance
  }

  private mutating func page(of sample: SampleID) throws -> Int {
    let number = sample.rawValue / Self.pageRows
    if let page = pages[number] { return page }
    guard sample.rawValue < table.sampleCount else {
      throw CohortError.record("A change record names a sample that the store does not have", sample: sample)
    }
    let base = groups.count
    groups.append(contentsOf: repeatElement(GroupID.unassigned.rawValue, count: Int(Self.pageRows)))
    distances.append(contentsOf: repeatElement(0, count: Int(Self.pageRows)))
    let start = number * Self.pageRows
    try table.scan(start..<min(start + Self.pageRows, table.sampleCount)) { first, blockGroups, blockDistances in
      for i in 0..<blockGroups.count {
        groups[base + Int(first - start) + i] = blockGroups[i]
        distances[base + Int(first - start) + i] = blockDistances[i]
      }
    }
    pages[number] = base
    return base
  }

  /// As `AssignmentTable.scan`, changes included. Provisional rows are handed out as the table has them.
  func scan(
    _ samples: Range<UInt64>,
    _ body: (UInt64, UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    try table.scan(samples) { first, blockGroups, blockDistances in
      guard !pages.isEmpty else { return try body(first, blockGroups, blockDistances) }
      let end = first + UInt64(blockGroups.count)
      var start = first
      var plain = first
      while start < end {
        let stop = min((start / Self.pageRows + 1) * Self.pageRows, end)
        if let page = pages[start / Self.pageRows] {
          if plain < start { try hand(plain..<start, of: first, blockGroups, blockDistances, body) }
          let rows = (page + Int(start % Self.pageRows))..<(page + Int(start % Self.pageRows) + Int(stop - start))
          try groups.withUnsafeBufferPointer { groups in
            try distances.withUnsafeBufferPointer { distances in
              try body(
                start, UnsafeBufferPointer(rebasing: groups[rows]), UnsafeBufferPointer(rebasing: distances[rows]))
            }
          }
          plain = stop
        }
        start = stop
      }
      if plain < end { try hand(plain..<end, of: first, blockGroups, blockDistances, body) }
    }
  }

  private func hand(
    _ samples: Range<UInt64>, of first: UInt64, _ groups: UnsafeBufferPointer<UInt32>,
    _ distances: UnsafeBufferPointer<Float>,
    _ body: (UInt64, UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    let rows = Int(samples.lowerBound - first)..<Int(samples.upperBound - first)
    try body(
      samples.lowerBound, UnsafeBufferPointer(rebasing: groups[rows]), UnsafeBufferPointer(rebasing: distances[rows]))
  }

  /// What differs from the table, ascending by sample; `moved` counts samples that had another group before.
  func changes() throws -> (assignments: [Assignment], moved: Int) {
    var result: [Assignment] = []
    var moved = 0
    for (number, page) in pages.sorted(by: { $0.key < $1.key }) {
      let start = number * Self.pageRows
      try table.scan(start..<min(start + Self.pageRows, table.sampleCount)) { first, blockGroups, blockDistances in
        for i in 0..<blockGroups.count {
          let at = page + Int(first - start) + i
          let before = blockGroups[i]
          guard groups[at] != before || distances[at].bitPattern != blockDistances[i].bitPattern else { continue }
          result.append(
            Assignment(
              sample: SampleID(first + UInt64(i)), group: GroupID(groups[at]), distance: distances[at]))
          let had = before != GroupID.unassigned.rawValue && blockDistances[i].sign == .plus
          if had && groups[at] != before && groups[at] != GroupID.unassigned.rawValue { moved += 1 }
        }
      }
    }
    return (result, moved)
  }
}
