import CohortActions
import CohortCore
import CohortPipeline
import CohortSystem
import Logging

extension FollowWorker {
  /// Tells of a part that was brought up to date, or could not be.
  func tell(of event: UpdateEvent) {
    switch event {
    case .embedded(let report, let seconds):
      process.isUpToDate(UpdatePart(kind: .space, name: report.space))
      log.log(
        level: report.refused > 0 ? .warning : .info, "embedded",
        metadata: [
          "space": .string(report.space), "vectors": .stringConvertible(report.embedded),
          "without_vector": .stringConvertible(report.without), "refused": .stringConvertible(report.refused),
          "seconds": .stringConvertible(seconds),
        ])
    case .measured(let report, let seconds):
      process.isUpToDate(UpdatePart(kind: .measure, name: report.measure))
      log.info(
        "measured",
        metadata: [
          "measure": .string(report.measure), "samples": .stringConvertible(report.measured),
          "seconds": .stringConvertible(seconds),
        ])
    case .grouped(let update, let digest, let seconds):
      process.isUpToDate(UpdatePart(kind: .grouping, name: update.grouping))
      let isNews = update.rounds > 0 || update.assigned > 0 || update.deleted > 0
      log.log(
        level: isNews ? .info : .debug, "updated",
        metadata: [
          "grouping": .string(update.grouping), "rounds": .stringConvertible(update.rounds),
          "assigned": .stringConvertible(update.assigned), "splits": .stringConvertible(update.splits),
          "merges": .stringConvertible(update.merges), "deleted": .stringConvertible(update.deleted),
          "groups": .stringConvertible(update.groups), "provisional": .stringConvertible(update.provisional),
          "pending": .stringConvertible(update.pending), "digest": .string(digest.hexadecimal),
          "seconds": .stringConvertible(seconds),
        ])
    case .trouble(let part, let error):
      // Told once, as long as it stays the same.
      let known = process.state.change { $0.troubles.updateValue(error.code, forKey: part) }
      guard known != error.code else { return }
      var fields = error.metadata
      fields[part.kind.rawValue] = .string(part.name)
      log.error(part.event, metadata: fields)
    }
  }
}

extension UpdatePart {
  /// The event that tells of its trouble.
  fileprivate var event: Logger.Message {
    switch kind {
    case .space: "not_embedded"
    case .measure: "not_measured"
    case .grouping: "not_grouped"
    case .map: "not_mapped"
    }
  }
}

/// Tells of long work now and then.
final class WorkProgress: Sendable {
  /// Seconds between two lines.
  private static let interval = 10.0

  private let log: Logger
  private let started: Locked<(stage: String, last: ContinuousClock.Instant)>

  init(_ log: Logger) {
    self.log = log
    started = Locked(("", .now))
  }

  @Sendable func report(_ progress: JobProgress) {
    let isDue = started.withLock { state in
      guard ContinuousClock.now - state.last > .seconds(Self.interval) else { return false }
      state = (progress.stage, .now)
      return true
    }
    guard isDue else { return }
    var fields: Logger.Metadata = [
      "stage": .string(progress.stage), progress.unit: .stringConvertible(progress.done),
    ]
    if let total = progress.total { fields["of"] = .stringConvertible(total) }
    log.info("working", metadata: fields)
  }
}
