import CohortActions
import CohortCore
import CohortPipeline
import CohortServer
import CohortStore
import CohortSystem
import Logging

/// Everything that works on one store in this process: a thread for each inbox, one that embeds, one that measures and
/// groups, and the door for commands that write beside it. They share the store by turns of one transaction each.
final class StoreHost: Sendable {
  let settings: StoreSettings
  let store: Store
  let schedule: WriteSchedule
  let stop: StopRequest
  let log: Logger
  let state = Locked(StoreState())
  let door: OwnerDoor
  private let roomWatch: RoomWatch
  private let server = Locked<Server?>(nil)
  private let inboxes: Locked<Inboxes>

  private struct Inboxes {
    /// What inboxes go by at the moment; those that are not in it end.
    var settings: [String: InboxWorker.Settings]
    /// Those that have a thread.
    var watched: Set<String> = []

    init(_ all: [InboxWorker.Settings]) { settings = Self.byPath(all) }

    static func byPath(_ all: [InboxWorker.Settings]) -> [String: InboxWorker.Settings] {
      Dictionary(all.map { ($0.path, $0) }) { one, _ in one }
    }
  }

  /// What threads tell each other.
  struct StoreState {
    /// Codes of what cannot be brought up to date.
    var troubles: [UpdatePart: ErrorCode] = [:]
    /// Since when parts wait; those that are up to date are not in it.
    var behindSince: [UpdatePart: Int64] = [:]
    var inserted: UInt64 = 0
    var duplicates: UInt64 = 0
    var quarantined: UInt64 = 0
    var files: UInt64 = 0
    var failedFiles: UInt64 = 0
    /// Inboxes that are watched.
    var prepared = 0
    /// Threads that are at work, and the exit code of the first that gave up.
    var running = 0
    var code: Int32?
    /// What it gave up for.
    var failure: CohortError?
    /// Whether it ends only because the store is not where it was.
    var isTakenAway = false
  }

  /// Takes the right to write a store, and begins to lend it.
  init(_ settings: StoreSettings, stop: StopRequest, log: Logger) throws {
    self.settings = settings
    self.stop = stop
    self.log = log
    store = try Store.open(at: settings.path, access: .owner(name: WriteSchedule.daemonName))
    guard let schedule = store.schedule else { throw CohortError(.daemonUnknown, "The store has no schedule") }
    self.schedule = schedule
    roomWatch = RoomWatch(settings.room, at: settings.path, log)
    inboxes = Locked(Inboxes(settings.inboxes))
    for inbox in settings.inboxes {
      // It will be made when the first vectors come.
      if try store.read({ try $0.space(named: inbox.space) }) == nil { try NameRule.check(inbox.space, of: "space") }
    }
    door = try store.openDoor()
  }

  /// Works until it is asked to stop, or, when it shall run once, until nothing is left.
  /// - Parameters:
  ///   - doors: where HTTP is answered, unless it runs once.
  ///   - ready: called when all is under way.
  /// - Returns: the exit code.
  func run(serving doors: Doors, _ limits: Limits, ready: () -> Void) -> Int32 {
    do {
      return settings.once ? try runOnce() : try runOn(doors, limits, ready)
    } catch {
      let code = giveUp(CohortError(describing: error, as: .daemonUnknown))
      end()
      return code
    }
  }

  /// Answers no new requests and lets no guest in any more, and waits for those that are in the midst of a transaction.
  private func end() {
    schedule.close()
    let schedule = schedule
    // Who waits behind a guest that was stopped in its turn waits in vain.
    _ = try? WorkThread(stackBytes: 1 << 18) {
      usleep(UInt32((Signals.childPatience - 4.5) * 1e6))
      schedule.end()
    }
    server.withLock { $0.take() }?.stop(within: Signals.childPatience - 3)
    door.stop(seconds: 2)
  }

  /// Whether it ended because its store was deleted, moved or replaced, and nobody had asked for the end: then what is at
  /// the store's path is to be opened.
  var wantsReopening: Bool { state.withLock { $0.isTakenAway } }

  /// What ended it before its time.
  var failure: CohortError? { state.withLock { $0.failure } }

  /// Reads the token file anew. - Returns: whether there is one.
  func reloadTokens() -> Bool { server.withLock { $0 }?.reloadTokens(log) ?? false }

  // MARK: Inboxes

  /// Goes on with other inboxes, or other settings of them.
  func apply(_ changed: StoreSettings) {
    let (isRunning, all) = (state.withLock { $0.running > 0 }, changed.inboxes)
    inboxes.withLock { $0.settings = Inboxes.byPath(all) }
    guard isRunning else { return }
    do {
      // One that cannot be watched is told of, and no reason to end.
      for inbox in all { try watch(inbox, isNeeded: false) }
    } catch {
      log.error("inbox_not_watched", metadata: CohortError(describing: error, as: .daemonUnknown).metadata)
    }
  }

  /// Gives an inbox a thread, unless it has one.
  private func watch(_ inbox: InboxWorker.Settings, isNeeded: Bool) throws {
    guard inboxes.withLock({ $0.watched.insert(inbox.path).inserted }) else { return }
    do {
      try start { [self] in
        let code = InboxWorker(inbox, in: self).run()
        // Else it ended because it was not to be watched any more, and that is noted.
        if code != 0 { inboxes.withLock { _ = $0.watched.remove(inbox.path) } }
        return isNeeded ? code : 0
      }
    } catch {
      inboxes.withLock { _ = $0.watched.remove(inbox.path) }
      throw error
    }
  }

  /// The settings of an inbox as they are now; nil when it is not to be watched any more: then its thread ends.
  func settings(ofInbox path: String) -> InboxWorker.Settings? {
    inboxes.withLock { inboxes in
      guard let settings = inboxes.settings[path] else {
        inboxes.watched.remove(path)
        return nil
      }
      return settings
    }
  }

  // MARK: Running

  private func runOn(_ doors: Doors, _ limits: Limits, _ ready: () -> Void) throws -> Int32 {
    let server = try Server(hosts: [self], doors: doors, limits: limits, log: log)
    self.server.change { $0 = server }
    _ = try server.start()
    let first = inboxes.withLock { Array($0.settings.values) }
    for inbox in first { try watch(inbox, isNeeded: true) }
    state.wait { $0.code != nil || $0.prepared >= first.count ? () : nil }
    if state.withLock({ $0.code == nil }) {
      try tellThatItIsReady()
      ready()
    }
    for hold in Hold.updating {
      try start { FollowWorker(hold, self).run() }
    }
    try start { SearchWorker(self).run() }
    if settings.compactAfter > 0 { try start { PackWorker(self).run() } }
    var waited = pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
    var turns = TurnWatch(schedule, log)
    while !stop.isMade {
      _ = poll(&waited, 1, Int32(TurnWatch.interval * 1000))
      turns.look()
      // What nobody writes is looked at as well: requests would be answered from it.
      do { try store.checkPlace() } catch { _ = endTakenAway(error) }
    }
    schedule.wake()
    end()
    return state.wait { state in state.running == 0 ? state.code ?? 0 : nil }
  }

  private func start(_ work: @escaping @Sendable () -> Int32) throws {
    state.change { $0.running += 1 }
    do {
      _ = try WorkThread { [self] in
        ThreadPriority.stepBack()
        let code = work()
        state.change { state in
          state.running -= 1
          if code != 0, state.code == nil { state.code = code }
        }
        if code != 0 { stop.make() }
      }
    } catch {
      state.change { $0.running -= 1 }
      throw error
    }
  }

  /// Inboxes first, then everything that follows them.
  private func runOnce() throws -> Int32 {
    try tellThatItIsReady()
    var codes = settings.inboxes.map { InboxWorker($0, in: self).run() }
    let followers = [FollowWorker(.vectors, self), FollowWorker(.groupings, self)]
    if !codes.contains(where: { $0 != 0 && $0 != 6 && $0 != 1 }) { codes += followers.map { $0.runOnce() } }
    SearchWorker(self).runOnce()
    end()
    return codes.first { $0 != 0 && $0 != 6 } ?? codes.first { $0 != 0 } ?? 0
  }

  private func tellThatItIsReady() throws {
    let (counters, groupings) = try store.read { (try $0.counters, try $0.groupings().count) }
    log.info(
      "ready",
      metadata: [
        "inbox": .string(settings.inboxes.map(\.path).joined(separator: ", ")),
        "samples": .stringConvertible(counters.live), "groupings": .stringConvertible(groupings),
        "version": .string(Release.version), "process": .stringConvertible(getpid()),
      ])
  }

  // MARK: What is known

  /// What is missing on the disk for new samples; nil when there is room.
  func roomShortage() -> CohortError? { roomWatch.look() }

  /// Counts what came through an inbox.
  func count(_ report: IngestReport) {
    state.withLock { state in
      state.inserted += report.inserted
      state.duplicates += report.duplicates
      state.quarantined += report.quarantined
      state.files += UInt64(report.sources.count)
      state.failedFiles += UInt64(report.failures.count)
    }
  }

  func isUpToDate(_ part: UpdatePart) {
    state.change { state in
      state.troubles[part] = nil
      state.behindSince[part] = nil
    }
  }

  // MARK: Trouble

  /// Logs it. - Returns: the seconds after which to try again.
  func tellOfTrouble(_ error: CohortError, seconds: Double) -> Double {
    var fields = error.metadata
    fields["retry_seconds"] = .stringConvertible(Int(seconds))
    log.error("trouble", metadata: fields)
    return seconds
  }

  /// Closes the store's file and opens it again. - Returns: whether that went well.
  func reopen(after error: CohortError) -> Bool {
    log.error("reopening", metadata: error.metadata)
    do {
      try store.reopen()
      log.info("reopened")
      return true
    } catch {
      if Verdict(error) == .takenAway { _ = endTakenAway(CohortError(describing: error, as: .daemonUnknown)) }
      return false
    }
  }

  /// Ends everything, because the store's path does not lead to what is open: nothing more is taken in.
  /// - Returns: the exit code, by which a supervisor opens what is there now.
  func endTakenAway(_ error: CohortError) -> Int32 {
    let wasAsked = stop.isMade
    let code = error.category.exitCode
    let isFirst = state.change { state in
      defer {
        state.failure = state.failure ?? error
        state.code = state.code ?? code
        state.isTakenAway = state.isTakenAway || !wasAsked
      }
      return state.failure == nil
    }
    if isFirst { log.error("store_taken_away", metadata: error.metadata) }
    stop.make()
    return code
  }

  /// - Returns: the exit code.
  func giveUp(_ error: CohortError) -> Int32 {
    state.change { $0.failure = $0.failure ?? error }
    log.error("gave_up", metadata: error.metadata)
    return error.category.exitCode
  }
}
