internal import CohortCore
internal import CohortPipeline
internal import CohortStore

/// What `verify --replay` tells of one grouping.
struct ReplayComparison: Sendable {
  let report: ReplayReport
  let seconds: Double

  /// Replays all groupings, or the one named, in the order of their creation.
  static func run(_ store: Store, grouping: String?, _ control: JobControl) throws -> [ReplayComparison] {
    let names = try grouping.map { [$0] } ?? store.read { try $0.groupings().map(\.name) }
    return try names.compactMap { name in
      let start = ContinuousClock.now
      do {
        let report = try ReplayJob.run(store, grouping: name, control: control)
        return ReplayComparison(report: report, seconds: start.seconds)
      } catch let error as CohortError where grouping == nil && error.category == .notFound {
        // Dropped since the names were read.
        guard try store.read({ try $0.grouping(named: name) }) == nil else { throw error }
        return nil
      }
    }
  }

  var record: ReportRecord {
    [
      "grouping": .text(report.grouping), "result": .text(result), "rounds": .count(report.rounds),
      "records": .count(report.records), "samples": .count(report.samples), "groups": .count(report.groups),
      "digest": .text(report.digest.hexadecimal), "seconds": .number(seconds),
      "difference": report.difference.map {
        .record(["sequence": .sequence($0.sequence), "position": .count($0.position), "what": .text($0.what)])
      } ?? .optional(report.obstacle),
    ]
  }

  private var result: String {
    report.difference != nil ? "different" : report.obstacle != nil ? "not replayable from here" : "same"
  }

  /// `cli.not-replayed` when something is stored otherwise than the log gives it.
  var failure: CohortError? {
    report.difference.map { difference in
      CohortError(
        .cliNotReplayed, "Grouping \"\(report.grouping)\" is not what the log makes it",
        place: "log entry \(difference.sequence), after record \(difference.position) of the grouping's feed",
        cause: difference.what)
    }
  }
}

extension VerifyReport {
  /// The keys of the records of `replayed`.
  public static let replayColumns: [ReportColumn] = [
    "grouping", "result", "rounds", .hidden("records"), "samples", "groups", "digest", "seconds", "difference",
  ]
}
