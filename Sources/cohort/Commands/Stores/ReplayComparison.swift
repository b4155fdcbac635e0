import CohortCore
import CohortPipeline
import CohortStore

/// What `cohort verify --replay` tells of one grouping.
struct ReplayComparison {
  let report: ReplayReport
  let seconds: Double

  /// Replays all groupings, or the one named, in the order of their creation.
  static func run(_ store: Store, grouping: String?, _ session: Session) throws -> [ReplayComparison] {
    let names = try grouping.map { [$0] } ?? store.read { try $0.groupings().map(\.name) }
    let control = session.jobControl()
    defer { session.progress.finish() }
    return try names.map { name in
      let start = ContinuousClock.now
      let report = try ReplayJob.run(store, grouping: name, control: control)
      return ReplayComparison(report: report, seconds: (ContinuousClock.now - start) / .seconds(1))
    }
  }

  static let columns: [Column] = [
    "grouping", "result", "rounds", .hidden("records"), "samples", "groups", "digest", "seconds", "difference",
  ]

  var output: OutputRecord {
    [
      "grouping": .text(report.grouping), "result": .text(result), "rounds": .count(report.rounds),
      "records": .count(report.records), "samples": .count(report.samples), "groups": .count(report.groups),
      "digest": .text(report.digest.hexadecimal), "seconds": .number((seconds * 1000).rounded() / 1000),
      "difference": report.difference.map {
        .record(["sequence": .sequence($0.sequence), "position": .count($0.position), "what": .text($0.what)])
      } ?? .optional(report.obstacle),
    ]
  }

  private var result: String {
    report.difference != nil ? "different" : report.obstacle != nil ? "not replayable from here" : "same"
  }

  /// - Throws: `cli.not-replayed` when something is stored otherwise than the log gives it.
  func check() throws {
    guard let difference = report.difference else { return }
    throw CohortError(
      .cliNotReplayed, "Grouping \"\(report.grouping)\" is not what the log makes it",
      place: "log entry \(difference.sequence), after record \(difference.position) of the grouping's feed",
      cause: difference.what, hint: "Restore the last backup, or drop the grouping and create it again")
  }
}
