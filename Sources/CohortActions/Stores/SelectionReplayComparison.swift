internal import CohortCore
internal import CohortPipeline
internal import CohortStore

/// What `verify --replay` tells of one selection.
struct SelectionReplayComparison: Sendable {
  let replay: SelectionReplay
  let seconds: Double

  /// Makes all selections again, in the order of their creation.
  static func run(_ store: Store, _ control: JobControl) throws -> [SelectionReplayComparison] {
    try store.read { try $0.selections().map(\.name) }.compactMap { name in
      let start = ContinuousClock.now
      do {
        let replay = try SelectionReplay.run(store, selection: name, control: control)
        return SelectionReplayComparison(replay: replay, seconds: start.seconds)
      } catch let error as CohortError where error.category == .notFound {
        // Dropped since the names were read.
        guard try store.read({ try $0.selection(named: name) }) == nil else { throw error }
        return nil
      }
    }
  }

  var record: ReportRecord {
    [
      "selection": .text(replay.selection), "result": .text(result), "count": .count(replay.count),
      "digest": replay.digest.map { .digest($0) } ?? .null, "seconds": .number(seconds),
      "difference": .optional(replay.difference ?? replay.obstacle),
    ]
  }

  private var result: String {
    replay.difference != nil ? "different" : replay.obstacle != nil ? "not replayable from here" : "same"
  }

  /// `cli.not-replayed` when other samples are stored than its snapshot gives.
  var failure: CohortError? {
    replay.difference.map { difference in
      CohortError(
        .cliNotReplayed, "Selection \"\(replay.selection)\" is not what its snapshot makes it", cause: difference,
        hint: "Restore the last backup, or drop the selection and create it again")
    }
  }
}

extension VerifyReport {
  /// The keys of the records of `replayedSelections`.
  public static let selectionColumns: [ReportColumn] = [
    "selection", "result", "count", "digest", "seconds", "difference",
  ]
}
