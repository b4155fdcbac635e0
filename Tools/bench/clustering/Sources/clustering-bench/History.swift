import CohortClustering
import CohortCore
import Foundation

/// A whole history through the engine, round by round, as the pipeline would drive it but without a disk.
///
/// The order of events is a file of 64-bit integers: r inserts row r of the vectors, -r - 1 deletes what row r came as.
/// Without it all rows come in file order.
struct History {
  var vectors = ""
  var order: String?
  var granularity = GroupingDefinition.Granularity.automatic
  var repairRange = EmbeddingOptions.automatic
  var space = "default"
  var threads = 1
  /// Also reports after so many inserted samples.
  var stops: [Int] = []
  /// Where results go: `OUT.groups` (u32 a sample, in order of arrival), `OUT.distances` (f32), `OUT.centroids` (f32).
  var out: String?
  /// One in so many samples is compared with all groups at the end; 0 leaves that out.
  var auditShare = 1

  private struct Costs {
    var statistics = RoundStatistics()
    var assignmentBytes = 0
    var groupBytes = 0
    var eventBytes = 0
    var changed = 0
    var rounds = 0
    var wall = 0.0
    var cpu = 0.0
    var longest = 0.0
  }

  func run() throws {
    let file = try VectorFile(vectors)
    var table = MemoryTable(file)
    var state = try GroupingState(
      definition: GroupingDefinition(criterion: .embedding(space: space), granularity: granularity),
      dimension: file.dimension, options: EmbeddingOptions(repairRange: repairRange))
    state.workers = threads
    let changes = try changeRecords(file, &table)
    var costs = Costs()
    var position = 0
    var stops = stops.sorted()[...]
    while case let length = state.roundLength(pending: changes.count - position), length > 0 {
      let (wall, cpu) = (Self.seconds(CLOCK_MONOTONIC), Self.seconds(CLOCK_PROCESS_CPUTIME_ID))
      let outcome = try state.applyRound(changes[position..<(position + length)], assignments: table, features: table)
      costs.assignmentBytes += table.write(outcome.assignments)
      let took = Self.seconds(CLOCK_MONOTONIC) - wall
      costs.wall += took
      costs.cpu += Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
      costs.longest = max(costs.longest, took)
      count(outcome, state, &costs)
      position += length
      if let stop = stops.first, costs.statistics.inserted >= stop {
        try report(state, table, costs, final: false)
        stops.removeFirst()
      }
    }
    let tail = try state.assignProvisionally(changes[position...], features: table)
    _ = table.write(tail)
    try report(state, table, costs, final: true)
    try write(state, table)
  }

  /// All samples exist from the start, as after an ingest; their records come in the given order.
  private func changeRecords(_ file: VectorFile, _ table: inout MemoryTable) throws -> [ChangeRecord] {
    guard let order else {
      return (0..<file.rows).map { ChangeRecord(.inserted, table.add(row: $0), .vector) }
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: order))
    var samples: [Int: SampleID] = [:]
    return try data.withUnsafeBytes { bytes in
      try bytes.bindMemory(to: Int64.self).map { event in
        let row = Int(event >= 0 ? event : -event - 1)
        guard row < file.rows else { throw BenchError("\(order) names row \(row), which is not there") }
        if event >= 0 {
          let sample = table.add(row: row)
          samples[row] = sample
          return ChangeRecord(.inserted, sample, .vector)
        }
        guard let sample = samples.removeValue(forKey: row) else {
          throw BenchError("\(order) deletes row \(row), which is not there")
        }
        return ChangeRecord(.deleted, sample, .vector)
      }
    }
  }

  private func count(_ outcome: RoundOutcome, _ state: GroupingState, _ costs: inout Costs) {
    costs.rounds += 1
    costs.statistics += outcome.statistics
    costs.changed += outcome.assignments.count
    for group in outcome.touched { costs.groupBytes += state.encodedGroup(group)?.count ?? 0 }
    for record in outcome.closed { costs.groupBytes += record.encoded.count }
    costs.groupBytes += state.encodedHeader.count
    costs.eventBytes += outcome.events.count * GroupEvent.encodedSize
  }

  /// One line of JSON.
  private func report(_ state: GroupingState, _ table: MemoryTable, _ costs: Costs, final: Bool) throws {
    var live = 0.0
    var members: UInt64 = 0
    for group in state.groups {
      let count = state.record(of: group)?.count ?? 0
      live += (state.meanSquaredDistance(of: group) ?? 0) * Double(count)
      members += count
    }
    var stored = 0.0
    var counted = 0
    for (group, distance) in zip(table.groups, table.distances) where group != .max && distance.sign == .plus {
      stored += Double(distance)
      counted += 1
    }
    let statistics = costs.statistics
    let inserted = Double(max(statistics.inserted, 1))
    var line: [String: Any] = [
      "final": final, "applied": state.applied, "members": members, "groups": state.groupCount,
      "digest": String(state.digest, radix: 16), "error": stored / Double(max(counted, 1)),
      "live_error": live / Double(max(members, 1)), "rounds": costs.rounds, "wall": costs.wall, "cpu": costs.cpu,
      "longest_round": costs.longest, "inserted": statistics.inserted, "deleted": statistics.deleted,
      "changed": costs.changed, "moved": statistics.moved, "splits": statistics.splits, "merges": statistics.merges,
      "republished": statistics.republished, "full_checks": statistics.fullChecks,
      "partial_checks": statistics.partialChecks, "near_ties": statistics.nearTies,
      "inner_products": statistics.innerProducts,
      "inner_products_per_insert": Double(statistics.innerProducts) / inserted,
      "assignment_bytes": costs.assignmentBytes, "group_bytes": costs.groupBytes, "event_bytes": costs.eventBytes,
    ]
    if final, auditShare > 0 {
      let audit = try state.audit(assignments: table, features: table, oneIn: UInt64(auditShare))
      line["checked"] = audit.checked
      line["misplaced"] = audit.misplaced
      line["unsound"] = audit.strays + audit.wrongDistances + UInt64(audit.wrongCounts.count)
    }
    try Main.say(line)
  }

  private func write(_ state: GroupingState, _ table: MemoryTable) throws {
    guard let out else { return }
    var places = [UInt32: UInt32](minimumCapacity: state.groupCount)
    var centroids: [Float] = []
    for (place, group) in state.groups.enumerated() {
      places[group.rawValue] = UInt32(place)
      if case .centroid(let values)? = state.record(of: group)?.geometry { centroids += values }
    }
    let labels = table.groups.map { places[$0] ?? .max }
    try labels.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: out + ".groups")) }
    try table.distances.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: out + ".distances")) }
    try centroids.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: out + ".centroids")) }
  }

  static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
