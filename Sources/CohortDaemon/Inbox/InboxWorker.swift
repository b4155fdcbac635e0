import CohortActions
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortSystem
import Logging

/// Takes files from one inbox of a store, on one thread.
///
/// A turn of its loop notices what is in the inbox, and takes the files that are ready in byte order of their names; with
/// nothing to do it sleeps until something happens.
final class InboxWorker {
  typealias Instant = ContinuousClock.Instant

  struct Settings: Sendable {
    /// The inbox's folder.
    var path: String
    var ingestion: IngestionOptions
    var taskFromFolder: Bool
    /// The space that vectors go to.
    var space: String
    /// Nil: the store's own.
    var dedupe: DedupeScope?
    /// Whether duplicates correct task and attributes of what is stored.
    var updatesLabels: Bool
    /// Where the licence and the owner of the sources come from.
    var terms: SourceTermsRule
    var consumption: Consumption
    var quiet: Duration
    var rescan: Duration
  }

  static let housekeepingInterval = Duration.seconds(60)
  /// How often room is looked for while there is none.
  static let roomInterval = Duration.seconds(2)

  private(set) var settings: Settings
  let process: StoreHost
  var store: Store { process.store }
  var stop: StopRequest { process.stop }
  var log: Logger { process.log }
  var isOnce: Bool { process.settings.once }
  var candidates: Candidates
  /// Files that are done with, but could not be put away; they are not read again.
  var unmoved: [InboxName: (stamp: FileStatus, fate: Fate)] = [:]
  var inbox: InboxFolder?
  var watch: InboxWatch?
  /// What was told of files that are not taken.
  var told = ToldFiles()
  /// Vectors without records that were told of.
  var toldOrphans: Set<InboxName> = []

  var nextLook = Instant.now
  /// What lies in the inbox at the start is taken in one order, so the youngest of it may settle before anything else
  /// is taken: after a crash files keep the order that they had.
  var firstTake: Instant?
  var pausedUntil: Instant?
  var isShort = false
  var failuresInARow = 0
  var wasReopened = false
  var failedFiles = 0
  var quarantined: UInt64 = 0

  init(_ settings: Settings, in process: StoreHost) {
    self.settings = settings
    self.process = process
    candidates = Candidates(quiet: settings.quiet)
  }

  // MARK: The loop

  /// Works until it is asked to stop, or, when it shall run once, until nothing is left.
  /// - Returns: the exit code.
  func run() -> Int32 {
    do {
      try start()
      process.state.change { $0.prepared += 1 }
    } catch {
      return giveUp(error)
    }
    while !stop.isMade {
      guard let current = process.settings(ofInbox: settings.path) else { break }
      settings = current
      do {
        guard try turn() else { break }
      } catch {
        if let code = recover(from: error) { return code }
      }
    }
    if failedFiles > 0, isOnce { return 1 }
    return quarantined > 0 && isOnce ? 6 : 0
  }

  private func start() throws {
    try watchInbox()
    guard let inbox else { return }
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
  }

  /// One turn. - Returns: false when there is nothing left to do for a run that shall end then.
  private func turn() throws -> Bool {
    // Before folders are looked for, too: those of a store that is gone must not be made where it was.
    try store.checkPlace()
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
    }
    guard ready.isEmpty else { return true }
    if isOnce, gate <= .now, !candidates.isSettling { return false }
    tellOfOrphans()
    let due = [candidates.nextReady(after: .now), gate > .now ? gate : nil, nextLook]
    try wait(until: due.compactMap { $0 }.min() ?? nextLook)
    return true
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
