internal import CohortCore
internal import CohortPipeline
internal import CohortStore

/// A group from inside, with its members in full.
public struct GroupShowReport: RecordReport {
  /// A member: its sample's number, its distance and how its text begins.
  public struct Member: Sendable {
    /// The sample's id, as a number.
    public let id: ReportValue
    /// The squared distance to the centroid; null where there is none.
    public let distance: ReportValue
    /// The beginning of its last two messages, on one line.
    public let excerpt: String
    fileprivate let record: ReportRecord

    fileprivate init(_ member: GroupDetail.Member, _ transaction: borrowing ReadTransaction) throws {
      id = .id(member.sample.id)
      distance = .optional(member.distance.map { Double($0) })
      excerpt = SampleDescription.excerpt(member.sample)
      var record = try SampleDescription(member.sample, in: transaction).record
      record.append("distance", distance)
      self.record = record
    }
  }

  /// The keys of the records of `history`.
  public static let historyColumns: [ReportColumn] = [
    "sequence", "time", .hidden("position"), "operation", "parent", "child", "count", "gain",
  ]

  /// The keys of the records of `lengths`, and of `neighbours`.
  public static let lengthColumns: [ReportColumn] = ["from", "to", "size"]
  public static let neighbourColumns: [ReportColumn] = ["group", "size", "distance"]

  /// Members whose length lies in each interval, from the shortest to the longest.
  public var lengths: [ReportRecord] {
    detail.lengths.map { ["from": .count($0.lower), "to": .count($0.upper), "size": .count($0.size)] }
  }

  /// The nearest groups by embedding, with the squared distance of the centroids.
  public var neighbours: [ReportRecord] {
    detail.neighbours.map { ["group": .id($0.group), "size": .count($0.size), "distance": .number($0.distance)] }
  }

  /// `medoid`, `central`, `typical`, `outlying`.
  public let sections: [(name: String, members: [Member])]
  /// Nil unless asked for.
  public let history: [ReportRecord]?
  private let detail: GroupDetail
  private let ownUnit: LengthUnit

  init(
    _ detail: GroupDetail, withHistory: Bool, ownUnit: LengthUnit, _ transaction: borrowing ReadTransaction
  ) throws {
    self.detail = detail
    self.ownUnit = ownUnit
    let kinds = [
      ("medoid", detail.medoid.map { [$0] } ?? []), ("central", detail.central), ("typical", detail.typical),
      ("outlying", detail.outlying),
    ]
    sections = try kinds.map { (name: $0.0, members: try $0.1.map { try Member($0, transaction) }) }
    history = withHistory ? detail.history.map(\.record) : nil
  }

  public var record: ReportRecord {
    var record = detail.summary.record(forPeople: false, ownUnit: ownUnit)
    record.append("open", .boolean(detail.isOpen))
    record.append("parent", detail.parent.map { .id($0) } ?? .null)
    record.append("heir", detail.heir.map { .id($0) } ?? .null)
    for (name, members) in sections {
      let values = members.map { ReportValue.record($0.record) }
      record.append(name, name == "medoid" ? values.first ?? .null : .list(values))
    }
    record.append(
      "task_mix",
      .list(detail.taskMix.map { .record(["task": .optional($0.task), "size": .count($0.size)]) }))
    record.append("lengths", .list(lengths.map { .record($0) }))
    record.append("neighbours", .list(neighbours.map { .record($0) }))
    if let history { record.append("history", .list(history.map { .record($0) })) }
    return record
  }

  public var summary: ReportRecord {
    let summary = detail.summary
    let unit = summary.lengthUnit ?? ownUnit
    var head: ReportRecord = [
      "group": .id(summary.group), "size": .count(summary.size), "label": .text(summary.label),
      "terms": .list(summary.terms.map { .text($0) }), "mean_length": .number(summary.meanLength),
      "longest": .count(summary.longest),
      "lengths of": .text("\(summary.lengthPart.name), in \(unit == .field ? "the unit of the records" : unit.name)"),
      "radius": .optional(summary.radius), "tasks": .text(summary.mix),
    ]
    if !detail.isOpen { head.append("closed", true) }
    if let parent = detail.parent { head.append("parent", .id(parent)) }
    if let heir = detail.heir { head.append("heir", .id(heir)) }
    return head
  }
}

extension GroupDetail.Event {
  var record: ReportRecord {
    [
      "sequence": .sequence(sequence), "time": .time(time), "position": .count(position),
      "operation": .text(operation), "parent": parent.map { .id($0) } ?? .null, "child": .id(child),
      "count": .count(count), "gain": .number(gain),
    ]
  }
}
