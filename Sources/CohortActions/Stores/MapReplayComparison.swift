internal import CohortCore
internal import CohortPipeline
internal import CohortStore

/// What `verify --replay` tells of one map.
struct MapReplayComparison: Sendable {
  let replay: MapReplay
  let seconds: Double

  /// Makes all maps again, in the order of their creation.
  static func run(_ store: Store, _ control: JobControl) throws -> [MapReplayComparison] {
    try store.read { try $0.maps().map(\.name) }.compactMap { name in
      let start = ContinuousClock.now
      do {
        let replay = try MapReplay.run(store, map: name, control: control)
        return MapReplayComparison(replay: replay, seconds: start.seconds)
      } catch let error as CohortError where error.category == .notFound {
        // Dropped since the names were read.
        guard try store.read({ try $0.map(named: name) }) == nil else { throw error }
        return nil
      }
    }
  }

  var record: ReportRecord {
    [
      "map": .text(replay.map), "result": .text(result), "samples": .count(replay.count),
      "digest": replay.digest.map { .digest($0) } ?? .null, "seconds": .number(seconds),
      "difference": .optional(replay.difference ?? replay.obstacle),
    ]
  }

  private var result: String {
    replay.difference != nil ? "different" : replay.obstacle != nil ? "not replayable from here" : "same"
  }

  /// `cli.not-replayed` when other places are stored than the log gives.
  var failure: CohortError? {
    replay.difference.map { difference in
      CohortError(
        .cliNotReplayed, "Map \"\(replay.map)\" is not what the log makes it", cause: difference,
        hint: "Restore the last backup, or lay it out anew: cohort map create \(replay.map) --refit")
    }
  }
}

extension VerifyReport {
  /// The keys of the records of `replayedMaps`.
  public static let mapColumns: [ReportColumn] = ["map", "result", "samples", "digest", "seconds", "difference"]
}
