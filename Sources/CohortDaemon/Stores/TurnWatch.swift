import CohortStore
import CohortSystem
import Logging

/// Tells once of whoever has the turn to write a store for longer than a transaction takes, and of the end of that: all
/// other writers wait meanwhile. Lives on one thread.
struct TurnWatch {
  /// Seconds between two looks.
  static let interval = 1.0

  private let schedule: WriteSchedule
  private let log: Logger
  /// The turn that was told of.
  private var told: TurnHolder?

  init(_ schedule: WriteSchedule, _ log: Logger) { (self.schedule, self.log) = (schedule, log) }

  mutating func look() {
    let holder = schedule.turn
    if let last = told, holder?.turn != last.turn {
      let seconds = Double(SystemSources.milliseconds() - last.since) / 1000
      log.info("turn_back", metadata: ["holder": .string(last.name), "seconds": .stringConvertible(seconds)])
      told = nil
    }
    guard let holder, holder.isOverdue, told == nil else { return }
    told = holder
    log.warning(
      "turn_overdue",
      metadata: [
        "holder": .string(holder.name), "since": .string(Timestamp.text(milliseconds: holder.since)),
        "seconds": .stringConvertible(holder.seconds), "waiting": .stringConvertible(holder.waiting),
        "hint": "Look whether that process is stopped; end it, or let it go on: others cannot write meanwhile",
      ])
  }
}
