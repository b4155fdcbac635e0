internal import CohortClustering
internal import CohortCore

/// The samples that got a group, or another one, while a grouping was brought up to date: each counts once, however often
/// rounds moved it.
///
/// Memory: a bit for each sample of the store, once one has changed.
struct ChangedSamples {
  private var words: [UInt64] = []
  /// How many samples.
  private(set) var count: UInt64 = 0
  /// How often they changed their groups.
  private(set) var changes: UInt64 = 0

  mutating func add(_ samples: [SampleID]) {
    changes += UInt64(samples.count)
    for sample in samples {
      let (word, bit) = (Int(sample.rawValue / 64), UInt64(1) << (sample.rawValue % 64))
      if word >= words.count { words.append(contentsOf: repeatElement(0, count: word + 1 - words.count)) }
      if words[word] & bit == 0 { count += 1 }
      words[word] |= bit
    }
  }
}

extension AssignmentTable {
  /// The samples to which some assignments give a group that they do not have here. What changes a distance alone, or takes
  /// a group away, is left out.
  /// - Parameter assignments: ascending by sample.
  /// - Complexity: reads the blocks of `rows` rows that hold one of them.
  func changed(by assignments: [CohortClustering.Assignment], rows: UInt64 = 4096) throws -> [SampleID] {
    var found: [SampleID] = []
    var index = 0
    while index < assignments.count {
      let block = assignments[index].sample.rawValue / rows
      let end = min((block + 1) * rows, max(sampleCount, assignments[index].sample.rawValue + 1))
      try scan(assignments[index].sample.rawValue..<end) { first, groups, _ in
        while index < assignments.count, assignments[index].sample.rawValue < first + UInt64(groups.count) {
          let (sample, group) = (assignments[index].sample, assignments[index].group)
          if group != .unassigned, groups[Int(sample.rawValue - first)] != group.rawValue { found.append(sample) }
          index += 1
        }
      }
    }
    return found
  }
}
