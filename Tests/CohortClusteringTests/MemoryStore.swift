import CohortClustering
import CohortCore
import CohortTesting
import Synchronization

/// A store in memory with what a driver does around rounds: commits outcomes, applies tails provisionally, and checks
/// that committed rows are what the outcome says.
struct MemoryStore: AssignmentTable, SampleFeatures {
  var groups: [UInt32] = []
  var distances: [Float] = []
  var lengths: [UInt64] = []
  var vectors: [[Float]?] = []
  var records: [GroupID: [UInt8]] = [:]
  var header: [UInt8] = []
  var events: [GroupEvent] = []
  var statistics = RoundStatistics()
  /// Rows handed out per block, to vary what the engine sees.
  var blockRows: UInt64 = 4_096
  /// Whether vectors can be read in place, as half floats: their values must be such.
  var holdsHalves = false
  /// Rows that scans were given, when somebody wants to know.
  var scanned: RowCounter?

  var sampleCount: UInt64 { UInt64(groups.count) }

  func assignment(of sample: SampleID) throws -> Assignment {
    let row = Int(sample.rawValue)
    return Assignment(sample: sample, group: GroupID(groups[row]), distance: distances[row])
  }

  func scan(
    _ samples: Range<UInt64>,
    _ body: (UInt64, UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    scanned?.add(samples.count)
    var start = samples.lowerBound
    while start < samples.upperBound {
      let end = min((start / blockRows + 1) * blockRows, samples.upperBound)
      try groups.withUnsafeBufferPointer { groups in
        try distances.withUnsafeBufferPointer { distances in
          try body(
            start, UnsafeBufferPointer(rebasing: groups[Int(start)..<Int(end)]),
            UnsafeBufferPointer(rebasing: distances[Int(start)..<Int(end)]))
        }
      }
      start = end
    }
  }

  func readLengths(from first: UInt64, into out: UnsafeMutableBufferPointer<UInt64>) throws {
    for i in 0..<out.count { out[i] = lengths[Int(first) + i] }
  }

  func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into rows: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    try MemoryRows(vectors: vectors).readVectors(of: samples, dimension: dimension, into: rows, present: present)
  }

  func withHalfVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int,
    _ body: (Int, UnsafeBufferPointer<UnsafePointer<UInt16>?>) throws -> Void
  ) throws -> Bool {
    try MemoryRows(vectors: vectors, holdsHalves: holdsHalves).withHalfVectors(of: samples, dimension: dimension, body)
  }

  mutating func addRow(length: UInt64 = 0, vector: [Float]? = nil) -> SampleID {
    groups.append(GroupID.unassigned.rawValue)
    distances.append(0)
    lengths.append(length)
    vectors.append(vector)
    return SampleID(UInt64(groups.count - 1))
  }

  mutating func write(_ assignments: [Assignment]) {
    for assignment in assignments {
      groups[Int(assignment.sample.rawValue)] = assignment.group.rawValue
      distances[Int(assignment.sample.rawValue)] = assignment.distance
    }
  }

  mutating func commit(_ outcome: RoundOutcome, of state: GroupingState) {
    write(outcome.assignments)
    for group in outcome.touched { records[group] = state.encodedGroup(group) }
    for record in outcome.closed { records[record.id] = record.encoded }
    header = state.encodedHeader
    events += outcome.events
    statistics += outcome.statistics
  }

  /// The state as a restarted driver finds it.
  func restored() throws -> GroupingState {
    try GroupingState(header: header, groups: try records.values.map { try GroupRecord(decoding: $0) })
  }

  func hasDistances(of other: MemoryStore) -> Bool {
    distances.elementsEqual(other.distances) { $0.bitPattern == $1.bitPattern }
  }

  /// Members of each group by the table, applied ones only.
  var sizes: [GroupID: UInt64] {
    var sizes: [GroupID: UInt64] = [:]
    for (group, distance) in zip(groups, distances) where group != .max && distance.sign == .plus {
      sizes[GroupID(group), default: 0] += 1
    }
    return sizes
  }
}

/// Counts rows, from any thread.
final class RowCounter: Sendable {
  private let sum = Atomic<Int>(0)
  var rows: Int { sum.load(ordering: .relaxed) }
  func add(_ count: Int) { sum.wrappingAdd(count, ordering: .relaxed) }
}

/// Feeds records to a state as they arrive: full rounds are applied and committed, the tail is assigned provisionally.
struct Driver {
  var state: GroupingState
  var store = MemoryStore()
  var pending: [ChangeRecord] = []
  /// Restores the state from its stored form after every round.
  var restarting = false

  init(_ definition: GroupingDefinition, dimension: Int = 0) throws {
    state = try GroupingState(definition: definition, dimension: dimension)
  }

  mutating func receive(_ arrived: [ChangeRecord]) throws {
    pending += arrived
    while case let length = state.roundLength(pending: pending.count), length > 0 {
      let outcome = try state.applyRound(pending.prefix(length), assignments: store, features: store)
      store.commit(outcome, of: state)
      pending.removeFirst(length)
      if restarting { state = try store.restored() }
    }
    store.write(try state.assignProvisionally(pending, features: store))
  }

  mutating func insertLabels(_ labels: [String?]) throws {
    try receive(labels.map { ChangeRecord(.inserted, store.addRow(), .label($0)) })
  }

  mutating func insertLengths(_ lengths: [UInt64]) throws {
    try receive(lengths.map { ChangeRecord(.inserted, store.addRow(length: $0), .length($0)) })
  }
}
