import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

/// `cohort group show`
struct GroupShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a group: its medoid, central, typical and outlying samples.",
    discussion: examples(
      "cohort group show 17 --grouping topics", "cohort group show 17 --grouping topics --history --json"))

  @Argument(help: "The group's number.") var group: UInt32
  @Option(help: ArgumentHelp("The grouping.", valueName: "name"), completion: StoreNames.groupings) var grouping: String
  @Option(help: ArgumentHelp("Samples of each kind, 0 to 1000.", valueName: "n")) var samples = 3
  @Flag(help: "What happened to it, to those it came from, and to its heirs.") var history = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !(0...1000).contains(samples) { throw ValidationError("--samples takes a number from 0 to 1000.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.readableStore()
    _ = try store.read { try $0.existingGrouping(grouping) }
    let detail = try GroupListing.show(
      store, grouping: grouping, group: GroupID(group), shown: samples, withHistory: history)
    if session.output.format == .table {
      try printText(detail, session.output)
    } else {
      try session.output.record(try store.read { try record(detail, $0) })
    }
    return .done
  }

  private func record(_ detail: GroupDetail, _ transaction: borrowing ReadTransaction) throws -> OutputRecord {
    var record = detail.summary.output(forPeople: false)
    record.append("open", .boolean(detail.isOpen))
    record.append("parent", detail.parent.map { .id($0) } ?? .null)
    record.append("heir", detail.heir.map { .id($0) } ?? .null)
    for (name, members) in sections(detail) {
      let values = try members.map { member -> OutputValue in
        var value = try SampleDescription(member.sample, in: transaction).record
        value.append("distance", .optional(member.distance.map { Double($0) }))
        return .record(value)
      }
      record.append(name, name == "medoid" ? values.first ?? .null : .list(values))
    }
    if history { record.append("history", .list(detail.history.map { .record($0.output) })) }
    return record
  }

  private func sections(_ detail: GroupDetail) -> [(name: String, members: [GroupDetail.Member])] {
    [
      ("medoid", detail.medoid.map { [$0] } ?? []), ("central", detail.central), ("typical", detail.typical),
      ("outlying", detail.outlying),
    ]
  }

  private func printText(_ detail: GroupDetail, _ output: Output) throws {
    let summary = detail.summary
    var head: OutputRecord = [
      "group": .id(summary.group), "size": .count(summary.size), "label": .text(summary.label),
      "terms": .list(summary.terms.map { .text($0) }), "mean_length": .number(summary.meanLength),
      "longest": .count(summary.longest), "radius": .optional(summary.radius), "tasks": .text(summary.mix),
    ]
    if !detail.isOpen { head.append("closed", true) }
    if let parent = detail.parent { head.append("parent", .id(parent)) }
    if let heir = detail.heir { head.append("heir", .id(heir)) }
    try output.record(head)
    for (name, members) in sections(detail) where !members.isEmpty {
      try output.text("\n\(name)\n")
      for member in members {
        let distance = member.distance.map { "  distance \(TableText.cell(.number(Double($0))))" } ?? ""
        try output.text("  \(member.sample.id)\(distance)  \(SampleDescription.excerpt(member.sample))\n")
      }
    }
    if history {
      try output.text("\nhistory\n")
      try output.list(
        ["sequence", "time", .hidden("position"), "operation", "parent", "child", "count", "gain"],
        detail.history.map(\.output))
    }
  }
}

extension GroupDetail.Event {
  var output: OutputRecord {
    [
      "sequence": .sequence(sequence), "time": .time(time), "position": .count(position),
      "operation": .text(operation), "parent": parent.map { .id($0) } ?? .null, "child": .id(child),
      "count": .count(count), "gain": .number(gain),
    ]
  }
}
