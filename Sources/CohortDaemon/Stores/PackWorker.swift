import CohortCore
import CohortPipeline
import CohortStore
import CohortSystem
import Logging

/// Packs samples tighter while nobody writes: what comes in is packed in a hurry. Free pages are left for what comes next: to
/// give them back to the disk takes the writer's turn for as long as the whole file is read. Lives on one thread.
final class PackWorker {
  /// Fewer samples than that are not worth a dictionary's time.
  private static let leastSamples: UInt64 = 8192
  /// After trouble it is tried again, but not often: nobody waits for it.
  private static let retrySeconds = 3600.0

  private let process: StoreHost
  private var schedule: WriteSchedule { process.schedule }

  init(_ process: StoreHost) { self.process = process }

  /// Packs whenever it has been quiet for long enough, until the process is asked to stop.
  /// - Returns: 0; what goes wrong here ends nothing.
  func run() -> Int32 {
    let stop = process.stop
    var pause = 0.0
    while !stop.isMade {
      let turns = schedule.turnsEnded
      let ended = schedule.wait(
        forTurnAfter: turns, seconds: max(process.settings.compactAfter, pause), orUntil: { stop.isMade })
      pause = 0
      guard ended == turns, !stop.isMade else { continue }
      do {
        try pack()
      } catch {
        let words = CohortError(describing: error, as: .daemonUnknown)
        if words.category == .interrupted { continue }
        process.log.warning("not_packed", metadata: words.metadata)
        pause = Self.retrySeconds
      }
    }
    return 0
  }

  private func pack() throws {
    let (packing, waiting) = try process.store.read { transaction in
      let packing = transaction.lastPacking ?? .standard
      return (packing, try transaction.counters.nextSample - transaction.firstUnpacked(packing))
    }
    guard waiting >= Self.leastSamples, schedule.takeInBackground(.packing, WriteSchedule.daemonName) else { return }
    defer { schedule.free(.packing) }
    let (schedule, stop) = (schedule, process.stop)
    let others = Others(schedule)
    let control = JobControl(
      report: { _ in others.addOwn() },
      shouldStop: { stop.isMade || others.haveWritten || schedule.isAwaited(.packing) }, workers: 1)
    let report = try CompactionJob.run(process.store, packing, givesBack: false, control: control)
    process.log.info(
      "packed",
      metadata: [
        "samples": .stringConvertible(report.samples), "before": .stringConvertible(report.bytesBefore),
        "after": .stringConvertible(report.bytesAfter),
      ])
  }

  /// Whether somebody else has written since this was made.
  private struct Others: Sendable {
    /// Beside the slices, which are counted: the dictionary, and the turn that is under way.
    private static let uncounted: UInt64 = 2

    private let schedule: WriteSchedule
    private let begun: UInt64
    private let own = Locked<UInt64>(0)

    init(_ schedule: WriteSchedule) {
      self.schedule = schedule
      begun = schedule.turnsEnded
    }

    func addOwn() { own.withLock { $0 += 1 } }

    var haveWritten: Bool { schedule.turnsEnded &- begun > own.withLock { $0 } + Self.uncounted }
  }
}
