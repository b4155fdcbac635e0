import ArgumentParser
import CohortCore
import CohortStore

/// `cohort info`
struct InfoCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Show what the store holds and what it takes.",
    discussion: examples("cohort info", "cohort info --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.readableStore()
    let sizes = try store.sizes()
    var record: OutputRecord = [
      "store": .text(store.path), "id": .digest(store.id), "created": .time(store.created),
      "length_unit": .text(store.configuration.lengthUnit.name), "dedupe": .text(store.configuration.dedupe.name),
    ]
    try store.read { transaction in
      let counters = try transaction.counters
      record.append("samples", .count(counters.live))
      record.append("deleted", .count(counters.deleted))
      record.append("quarantined", .count(counters.quarantined))
      record.append("log_sequence", .sequence(counters.lastSequence))
      record.append("sources", .count(try transaction.sources().count))
      record.append("tasks", .count(try transaction.tasks().count))
      record.append(
        "spaces",
        .list(
          try transaction.spaces().map { .record($0.output.adding(try transaction.vectorCounts(in: $0))) }))
      record.append("lengths", .list(try transaction.lengthMeasures(of: store.configuration).map { .record($0) }))
      record.append("groupings", .list(try transaction.groupings().map { .text($0.name) }))
      record.append("snapshots", .list(try transaction.snapshots().map { .text($0.name) }))
      record.append("plans", .list(try transaction.plans().map { .text($0.name) }))
      record.append("runs", .list(try transaction.runs().map { .text($0.name) }))
    }
    record.append("file_bytes", .count(sizes.fileBytes))
    record.append("map_bytes", .count(sizes.mapBytes))
    record.append("free_disk_bytes", sizes.freeDiskBytes.map { .count($0) } ?? .null)
    record.append("readers", .count(sizes.readers))
    try session.output.record(record)
    return .done
  }
}
