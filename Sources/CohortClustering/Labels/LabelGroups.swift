internal import CohortCore
internal import CohortKernels

/// Groups by label: a dictionary. A missing label is the label "" and a group of its own.
///
/// Every record is applied alone, so rounds may have any length.
struct LabelGroups: GroupingEngine {
  struct Group {
    var label: String
    var count: UInt64
    var lineage: GroupLineage
  }

  private var groups: [GroupID: Group] = [:]
  private var byLabel: [String: GroupID] = [:]

  init() {}

  init(records: [GroupRecord]) throws {
    for record in records {
      guard case .label(let label) = record.geometry, record.live == nil else {
        throw CohortError.damagedState("A group has no label", place: "group \(record.id)")
      }
      guard byLabel.updateValue(record.id, forKey: label) == nil else {
        throw CohortError.damagedState("Two groups have the same label", place: "group \(record.id)")
      }
      groups[record.id] = Group(label: label, count: record.count, lineage: record.lineage)
    }
  }

  var openGroups: [GroupID] { groups.keys.sorted() }

  func record(of group: GroupID) -> GroupRecord? {
    guard let known = groups[group] else { return nil }
    return GroupRecord(id: group, lineage: known.lineage, count: known.count, geometry: .label(known.label))
  }

  func roundLength(after applied: UInt64, pending: Int, _ rules: UInt32) -> Int { min(pending, RoundSchedule.usual) }

  mutating func apply(_ records: [ChangeRecord], _ context: inout RoundContext) throws {
    for (offset, record) in records.enumerated() {
      let position = context.start + UInt64(offset) + 1
      switch record.change {
      case .inserted:
        let label = try Self.label(of: record)
        let group = try groupOf(label, position: position, &context)
        groups[group]?.count += 1
        try context.overlay.set(record.sample, group, 0)
        context.sawInsertion(of: record.sample)
        context.outcome.statistics.inserted += 1
        context.touch(group)
      case .deleted:
        guard let (group, _) = try context.overlay.applied(record.sample) else { continue }
        try context.overlay.set(record.sample, .unassigned, Assignment.distance(leaving: group))
        context.outcome.statistics.deleted += 1
        try leave(group, record.sample, position: position, &context)
      case .relabelled:
        let before = try context.overlay.applied(record.sample)?.group
        context.outcome.departed.append(before ?? .unassigned)
        guard let before else { continue }
        let group = try groupOf(try Self.label(of: record), position: position, &context)
        guard group != before else { continue }
        groups[group]?.count += 1
        try context.overlay.set(record.sample, group, 0)
        context.touch(group)
        try leave(before, record.sample, position: position, &context)
      }
    }
  }

  /// Takes a sample out of the count of its group, which is closed with its last one.
  private mutating func leave(
    _ group: GroupID, _ sample: SampleID, position: UInt64, _ context: inout RoundContext
  ) throws {
    guard let count = groups[group]?.count, count > 0 else {
      throw CohortError.damagedState(
        "A sample belongs to a group that is not there", place: "sample \(sample), group \(group)")
    }
    groups[group]?.count = count - 1
    context.touch(group)
    if count == 1 { close(group, position: position, &context) }
  }

  private mutating func groupOf(
    _ label: String, position: UInt64, _ context: inout RoundContext
  ) throws -> GroupID {
    if let known = byLabel[label] { return known }
    let group = try context.newGroup()
    byLabel[label] = group
    groups[group] = Group(label: label, count: 0, lineage: GroupLineage(born: position))
    context.outcome.events.append(GroupEvent(.born, position: position, child: group, count: 1))
    return group
  }

  private mutating func close(_ group: GroupID, position: UInt64, _ context: inout RoundContext) {
    guard var record = record(of: group), let label = groups.removeValue(forKey: group)?.label else { return }
    byLabel[label] = nil
    record.lineage.closed = position
    context.outcome.events.append(GroupEvent(.closed, position: position, child: group, count: 0))
    context.close(record)
  }

  func assignProvisionally(
    _ records: [ChangeRecord], features: any SampleFeatures, path: cohort_path, workers: Int
  ) throws -> [Assignment] {
    let (arrivals, gone) = ChangeRecord.tail(records)
    return try arrivals.map {
      Assignment(sample: $0.sample, group: byLabel[try Self.label(of: $0)] ?? .unassigned, distance: -0.0)
    } + gone.map { Assignment(sample: $0, group: .unassigned, distance: -0.0) }
  }

  private static func label(of record: ChangeRecord) throws -> String {
    guard case .label(let label) = record.feature else {
      throw CohortError.record("A grouping by label was given a record without a label", sample: record.sample)
    }
    return label ?? ""
  }
}

/// A kind that gives each sample a label.
protocol LabelledKind: ClusteredKind {}

extension LabelledKind {
  func makeEngine(_ parts: EngineParts, _ options: EmbeddingOptions) throws -> any GroupingEngine { LabelGroups() }

  func restoreEngine(
    _ parts: EngineParts, header reader: inout ByteReader, _ records: [GroupRecord]
  ) throws -> any GroupingEngine { try LabelGroups(records: records) }
}

extension TaskKind: LabelledKind {}
extension AttributeKind: LabelledKind {}
