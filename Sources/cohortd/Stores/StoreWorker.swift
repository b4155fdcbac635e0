import CohortActions
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortSystem
import Logging

/// Owns one store: takes files from its inbox, brings groupings and catalog up to date, on one thread.
///
/// A turn of its loop notices what is in the inbox, takes the files that are ready in byte order of their names, and
/// then updates what follows the log; with nothing to do it sleeps until something happens.
final class StoreWorker {
  typealias Instant = ContinuousClock.Instant

  struct Settings: Sendable {
    var store: String
    var inbox: String
    var ingestion: IngestionOptions
    var taskFromFolder: Bool
    var space: String
    /// Nil: the store's own.
    var dedupe: DedupeScope?
    var consumption: Consumption
    var quiet: Duration
    var rescan: Duration
    var room: DiskRoom
    var once: Bool
  }

  /// While files keep coming, groupings are updated this often.
  static let updateInterval = Duration.seconds(5)
  static let housekeepingInterval = Duration.seconds(60)
  /// How often room is looked for while there is none.
  static let roomInterval = Duration.seconds(2)

  let settings: Settings
  let stop: StopRequest
  let log: Logger
  var owned: OwnedStore?
  var candidates: Candidates
  /// Files that are done with, but could not be put away; they are not read again.
  var unmoved: [InboxName: (stamp: FileStatus, fate: Fate)] = [:]
  var inbox: InboxFolder?
  var watch: InboxWatch?
  /// What was told of already, so that it is told once.
  var told: Set<String> = []

  var nextLook = Instant.now
  /// What lies in the inbox at the start is taken in one order, so the youngest of it may settle before anything else
  /// is taken: after a crash files keep the order that they had.
  var firstTake: Instant?
  private var nextHousekeeping = Instant.now
  private var lastUpdate = Instant.now
  var isUpdateDue = true
  var pausedUntil: Instant?
  var isShort = false
  var failuresInARow = 0
  var wasReopened = false
  var failedFiles = 0
  var quarantined: UInt64 = 0

  init(_ store: Store, _ settings: Settings, stop: StopRequest, log: Logger) {
    self.settings = settings
    self.stop = stop
    self.log = log
    candidates = Candidates(quiet: settings.quiet)
    owned = OwnedStore(store, log: log)
  }

  /// Takes the right to write a store.
  static func open(_ settings: Settings) throws -> Store {
    let store = try Store.open(at: settings.store, access: .owner(name: "cohortd"))
    // It will be made when the first vectors come.
    if try store.read({ try $0.space(named: settings.space) }) == nil {
      try NameRule.check(settings.space, of: "space")
    }
    return store
  }

  // MARK: The loop

  /// Works until it is asked to stop, or, when it shall run once, until nothing is left.
  /// - Returns: the exit code.
  func run() -> Int32 {
    do {
      try start()
    } catch {
      return giveUp(error)
    }
    while !stop.isMade {
      do {
        guard try turn() else { break }
      } catch {
        if let code = recover(from: error) { return code }
      }
    }
    owned?.updateCatalog()
    let isBehind = owned?.isBehind ?? false
    owned = nil
    if failedFiles > 0 || isBehind, settings.once { return 1 }
    return quarantined > 0 && settings.once ? 6 : 0
  }

  private func start() throws {
    try watchInbox()
    guard let inbox, let store = owned?.store else { return }
    if inbox.isOpenToOthers {
      log.warning(
        "inbox_open",
        metadata: [
          "inbox": .string(inbox.path), "hint": "Other users can put files here: chmod 700 unless you mean it",
        ])
    }
    if scope(of: store) != (settings.dedupe ?? store.configuration.dedupe) {
      log.warning(
        "dedupe",
        metadata: ["scope": "source", "hint": "A file may come twice after a crash: 'none' would store it twice"])
    }
    let (counters, groupings) = try store.read { (try $0.counters, try $0.groupings().count) }
    log.info(
      "ready",
      metadata: [
        "inbox": .string(inbox.path), "samples": .stringConvertible(counters.live),
        "groupings": .stringConvertible(groupings), "version": .string(Release.version),
        "process": .stringConvertible(getpid()),
      ])
  }

  /// One turn. - Returns: false when there is nothing left to do for a run that shall end then.
  private func turn() throws -> Bool {
    try notice()
    if let pausedUntil, pausedUntil > .now {
      try wait(until: pausedUntil)
      return true
    }
    guard try hasRoom() else {
      try wait(until: .now + Self.roomInterval)
      return true
    }
    let gate = firstTake ?? candidates.allReady(after: .now)
    firstTake = gate
    let ready = gate <= .now ? candidates.ready(at: .now) : []
    var waiting = ready[...]
    while !waiting.isEmpty {
      if stop.isMade { return false }
      guard try hasRoom() else { return true }
      let names = together(waiting)
      waiting = waiting.dropFirst(names.count)
      try take(names)
      recovered()
      if isUpdateDue, Instant.now - lastUpdate > Self.updateInterval { break }
    }
    if isUpdateDue, ready.isEmpty || Instant.now - lastUpdate > Self.updateInterval {
      try update()
      return true
    }
    guard ready.isEmpty else { return true }
    if nextHousekeeping <= .now {
      nextHousekeeping = .now + Self.housekeepingInterval
      try owned?.checkReaders()
      if owned?.isBehind ?? false { isUpdateDue = true }
    }
    if settings.once, gate <= .now, !candidates.isSettling { return false }
    tellOfOrphans()
    let due = [candidates.nextReady(after: .now), gate > .now ? gate : nil, nextLook, nextHousekeeping]
    try wait(until: due.compactMap { $0 }.min() ?? nextLook)
    return true
  }

  private func update() throws {
    isUpdateDue = false
    do {
      let control = JobControl(shouldStop: { [stop] in stop.isMade }, workers: settings.ingestion.workers)
      try owned?.update(control)
    } catch {
      isUpdateDue = true
      throw error
    }
    owned?.updateCatalog()
    lastUpdate = .now
    recovered()
  }

  /// Sleeps until something happens in the inbox, the end is asked for, or the time comes.
  private func wait(until instant: Instant) throws {
    let left = (instant - .now) / .milliseconds(1)
    #if os(Linux)
      let longest = 3_600_000.0
    #else
      let longest = 1000.0
    #endif
    var waited = [
      pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: watch?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    // While the inbox may not be emptied its events are no reason to wake up.
    let isBlocked = isShort || (pausedUntil ?? .now) > .now
    _ = poll(&waited, isBlocked ? 1 : 2, Int32(min(max(left.rounded(.up), 1), longest)))
  }
}
