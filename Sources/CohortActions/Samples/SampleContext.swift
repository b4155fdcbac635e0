internal import CohortCore
internal import CohortPipeline
internal import CohortStore

/// What is known of a sample beyond its own rows: how it compares with others, and what holds it.
struct SampleContext: Sendable {
  /// How many of the nearest samples are told.
  static let neighbours = 5

  /// Where a sample stands among the members of its group, by the distance to the centroid.
  struct Rank: Sendable {
    /// 1 for the nearest; members that are as near have the same one.
    var rank: UInt64
    /// Members of the group.
    var size: UInt64

    /// Of the other members, how many of a hundred are nearer.
    var percentile: Double { size > 1 ? 100 * Double(rank - 1) / Double(size - 1) : 0 }
  }

  /// By the names of groupings with vectors in which the sample has a group.
  let ranks: [String: Rank]
  /// The nearest samples in the default space; nil where the sample has no vector in it.
  let nearest: NearAnswer?
  /// The group in each grouping of each snapshot that holds the sample; nil for a sample that had none then.
  let snapshots: [(snapshot: String, grouping: String, group: GroupID?)]
  /// Plans that may draw it: those over a snapshot or a selection that holds it.
  let plans: [String]
  /// The rank of the sample in each selection that holds it, from 0, as `selection rows` counts.
  let selections: [(selection: String, rank: Int)]

  /// - Complexity: O(samples) for each grouping by embedding, with 8 bytes read of each; the vectors that `NearJob` reads;
  ///   O(log samples) for each snapshot that has the sample in the group that it is in today, else O(samples of the snapshot);
  ///   O(ids) for each selection.
  init(of id: SampleID, _ store: Store, _ control: JobControl) throws {
    var request: NearRequest?
    (ranks, snapshots, plans, selections, request) = try store.read { transaction in
      let holding = try Self.snapshots(of: id, transaction)
      let space = try transaction.defaultSpace()
      let hasVector = try space.map { try transaction.vectorState(id, in: $0) == .present } ?? false
      return (
        try Self.ranks(of: id, transaction, control), holding.rows,
        try Self.plans(of: id, holding.numbers, transaction),
        try transaction.selections().compactMap { selection in
          try transaction.ids(of: selection).firstIndex(of: id).map { (selection.name, $0) }
        }, hasVector ? NearRequest(.sample(id), count: Self.neighbours, space: space?.name) : nil
      )
    }
    nearest = try request.map { try NearJob.run(store, $0, control: control) }
  }

  private static func ranks(
    of id: SampleID, _ transaction: borrowing ReadTransaction, _ control: JobControl
  ) throws -> [String: Rank] {
    var ranks: [String: Rank] = [:]
    for grouping in try transaction.groupings() where grouping.definition.space != nil {
      let group = try transaction.uint32(grouping.groupColumn, id)
      guard group != GroupID.unassigned.rawValue else { continue }
      let distance = Float(bitPattern: try transaction.uint32(grouping.distanceColumn, id)).magnitude
      var found = Rank(rank: 1, size: 0)
      try transaction.forEachBlock(of: [grouping.groupColumn, grouping.distanceColumn]) { block in
        for row in 0..<block.count where block.uint32(0, row) == group && !block.isDeleted(row) {
          found.size += 1
          if block.float32(1, row).magnitude < distance { found.rank += 1 }
        }
        try control.checkpoint()
        return true
      }
      ranks[grouping.name] = found
    }
    return ranks
  }

  private static func snapshots(
    of id: SampleID, _ transaction: borrowing ReadTransaction
  ) throws -> (rows: [(snapshot: String, grouping: String, group: GroupID?)], numbers: Set<UInt32>) {
    var rows: [(snapshot: String, grouping: String, group: GroupID?)] = []
    var numbers: Set<UInt32> = []
    let today = Dictionary(uniqueKeysWithValues: try transaction.groupings().map { ($0.id, $0) })
    for snapshot in try transaction.snapshots() {
      // All groupings of a snapshot have the same members.
      for grouping in snapshot.groupings {
        let groups = try transaction.groups(of: grouping.id, in: snapshot.id)
        var likely = [GroupID.unassigned]
        if let now = today[grouping.id] { likely.insert(GroupID(try transaction.uint32(now.groupColumn, id)), at: 0) }
        let ranges = likely.compactMap { id in groups.first { $0.id == id }.map { $0.offset..<($0.offset + $0.size) } }
        guard
          let position = try transaction.position(of: id, of: grouping.id, in: snapshot, likely: ranges),
          let group = groups.last(where: { $0.offset <= position })
        else { break }
        numbers.insert(snapshot.id)
        rows.append((snapshot.name, grouping.name, group.id == .unassigned ? nil : group.id))
      }
    }
    return (rows, numbers)
  }

  private static func plans(
    of id: SampleID, _ snapshots: Set<UInt32>, _ transaction: borrowing ReadTransaction
  ) throws -> [String] {
    try transaction.plans().filter { plan in
      guard let members = try transaction.members(of: plan) else { return snapshots.contains(plan.snapshot) }
      return try transaction.position(of: id, in: members) != nil
    }.map(\.name)
  }
}

extension SampleContext {
  /// Puts what is known behind what a sample's record has.
  func append(to record: inout ReportRecord) {
    let found = nearest?.nearest ?? []
    record.append("nearest", .list(found.map { .record(["id": .id($0.id), "distance": .number($0.distance)]) }))
    record.append("nearest_exact", .boolean(nearest?.isExact ?? true))
    record.append(
      "snapshots",
      .list(
        snapshots.map {
          .record([
            "snapshot": .text($0.snapshot), "grouping": .text($0.grouping),
            "group": $0.group.map { .id($0) } ?? .null,
          ])
        }))
    record.append("plans", .list(plans.map { .text($0) }))
    record.append(
      "selections",
      .list(selections.map { .record(["selection": .text($0.selection), "rank": .count($0.rank)]) }))
  }

  /// For people: a line for each.
  var text: String {
    var lines = ""
    if let nearest {
      let found = nearest.nearest.map { "\($0.id) (\((($0.distance * 1e4).rounded() / 1e4)))" }
      lines += "nearest  \(found.isEmpty ? "no other sample" : found.joined(separator: ", "))"
      lines += nearest.isExact ? "\n" : "  by groups\n"
    }
    for (index, row) in snapshots.enumerated() {
      let group = row.group.map { "group \($0)" } ?? "no group"
      if index > 0, snapshots[index - 1].snapshot == row.snapshot {
        lines.removeLast()
        lines += ", \(group) of \(row.grouping)\n"
      } else {
        lines += "snapshot \(row.snapshot)  \(group) of \(row.grouping)\n"
      }
    }
    if !plans.isEmpty { lines += "plans  \(plans.joined(separator: ", "))\n" }
    for row in selections { lines += "selection \(row.selection)  rank \(row.rank)\n" }
    return lines
  }
}
