import CohortActions
import CohortCatalog
import CohortCore
import CohortPipeline
import CohortStore
import CohortSystem
import Logging

/// What follows the log of a store in the background: one worker embeds, so that a slow server delays nothing else; the
/// other measures, groups, and keeps the catalog. Each gives its hold back as soon as somebody else waits for it. Lives on
/// one thread.
final class FollowWorker {
  typealias Instant = ContinuousClock.Instant

  /// While samples keep coming, groups are updated this often; else as soon as it is quiet.
  private static let updateInterval = 5.0
  private static let quiet = 0.2
  /// What cannot be brought up to date is tried again.
  private static let retryInterval = 60.0
  /// Until the hold is free.
  private static let holdInterval = 0.05

  let process: StoreHost
  private let hold: Hold
  var log: Logger { process.log }
  private let scope: UpdateScope
  private let updater: StoreUpdater
  private let catalog: CatalogKeeper?
  private var lastUpdate: Instant?
  private var failuresInARow = 0
  private var wasReopened = false

  /// - Parameter hold: vectors or groupings.
  init(_ hold: Hold, _ process: StoreHost) {
    self.process = process
    self.hold = hold
    scope = hold == .vectors ? .vectors(space: nil) : .lengthsAndGroupings
    updater = StoreUpdater(process.store)
    catalog = hold == .vectors ? nil : CatalogKeeper(process.store, process.schedule, process.log)
  }

  // MARK: The loop

  /// How a look at the log ended.
  private enum Ending {
    /// Everything is up to date that can be.
    case done
    /// Somebody else has the hold.
    case yielded
    /// It failed; it may succeed in so many seconds.
    case failed(Double)
    /// There is no way to go on.
    case gaveUp(Int32)
  }

  /// Follows until the process is asked to stop. - Returns: the exit code.
  func run() -> Int32 {
    var seen: UInt64?
    var due = Instant.now
    var isPaused = false
    while !process.stop.isMade {
      let now = process.schedule.turnsEnded
      let ended = process.schedule.wait(
        forTurnAfter: isPaused ? now : seen ?? now, seconds: max((due - .now) / .seconds(1), 0),
        orAwaited: catalog?.isOpen ?? false ? .catalog : nil, orUntil: { process.stop.isMade })
      catalog?.yieldIfAwaited()
      guard due <= .now || !isPaused && ended != seen else { continue }
      if !isPaused { settle() }
      if process.stop.isMade { break }
      let before = process.schedule.turnsEnded
      (seen, isPaused) = (before, false)
      switch attempt() {
      case .done: due = .now + .seconds(Self.retryInterval)
      case .yielded: due = .now + .seconds(Self.holdInterval)
      case .failed(let seconds): (due, isPaused) = (.now + .seconds(seconds), true)
      case .gaveUp(let code): return code
      }
    }
    catalog?.update()
    catalog?.close()
    return 0
  }

  /// Everything that is pending, to its end. - Returns: the exit code.
  func runOnce() -> Int32 {
    do {
      try process.store.holding([hold]) { try work() }
    } catch {
      let words = CohortError(describing: error, as: .daemonUnknown)
      guard words.category == .interrupted else {
        process.log.error("gave_up", metadata: words.metadata)
        return words.category.exitCode
      }
    }
    catalog?.update()
    catalog?.close()
    return process.state.withLock { $0.troubles.keys.contains { $0.kind != .grouping } } ? 1 : 0
  }

  /// Waits until nothing is written for a moment, or until it is time.
  private func settle() {
    guard hold != .vectors, let lastUpdate else { return }
    let due = lastUpdate + .seconds(Self.updateInterval)
    while due > .now, !process.stop.isMade {
      let ended = process.schedule.turnsEnded
      if process.schedule.wait(forTurnAfter: ended, seconds: Self.quiet, orUntil: { process.stop.isMade }) == ended {
        return
      }
    }
  }

  private func attempt() -> Ending {
    guard process.schedule.takeInBackground(hold, WriteSchedule.daemonName) else { return .yielded }
    do {
      defer {
        process.schedule.free(hold)
        lastUpdate = .now
      }
      try work()
      (failuresInARow, wasReopened) = (0, false)
    } catch {
      return recover(from: error)
    }
    catalog?.update()
    do {
      if hold == .groupings { try lookAtReaders() }
      return .done
    } catch {
      return recover(from: error)
    }
  }

  private func work() throws {
    let (schedule, stop, hold, isOnce) = (process.schedule, process.stop, hold, process.settings.once)
    let control = JobControl(
      report: WorkProgress(process.log).report,
      shouldStop: { stop.isMade || !isOnce && schedule.isAwaited(hold) }, workers: process.settings.workers)
    let report = try updater.update(scope, control: control) { tell(of: $0) }
    let parts = Set(report.troubles.map(\.part))
    let isMine: (UpdatePart) -> Bool = { ($0.kind == .space) == (hold == .vectors) }
    process.state.change { state in
      state.troubles = state.troubles.filter { !isMine($0.key) || parts.contains($0.key) }
    }
  }

  private func recover(from error: any Error) -> Ending {
    // What a part is in trouble with is told of when there is time to go on with the others.
    if process.stop.isMade || process.schedule.isAwaited(hold) { return .yielded }
    let words = CohortError(describing: error, as: .daemonUnknown)
    switch Verdict(error) {
    // Somebody waited for the hold, or the process ends.
    case .interrupted: return .yielded
    case .reopen:
      guard !wasReopened, process.reopen(after: words) else { return .gaveUp(process.giveUp(words)) }
      wasReopened = true
      return .failed(0)
    case .takenAway: return .gaveUp(process.endTakenAway(words))
    case .noRoom: return .failed(process.tellOfTrouble(words, seconds: 5))
    default:
      failuresInARow += 1
      return .failed(process.tellOfTrouble(words, seconds: Double(min(1 << min(failuresInARow, 6), 60))))
    }
  }

  /// Clears what dead readers left behind, and tells of long ones: pages that a reader can see are not reused.
  private func lookAtReaders() throws {
    let cleared = try process.store.clearDeadReaders()
    let lag = try process.store.readerLag()
    let isNews = cleared > 0 || (lag ?? 0) > 100
    process.log.log(
      level: isNews ? .info : .debug, "readers",
      metadata: ["cleared": .stringConvertible(cleared), "lag": .stringConvertible(lag ?? 0)])
  }
}
