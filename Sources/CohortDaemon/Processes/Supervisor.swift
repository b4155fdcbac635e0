import CohortCore
import CohortServer
import CohortSystem
import Logging

/// Gives each of several stores a process of its own: this program once more, with the same arguments and `--child
/// NAME`. It starts them, watches them, starts them again (`ChildState` says when), and ends with them. It opens no
/// store, so no store can end it.
///
/// One thread does all of it, the one that calls `run`: it waits in `poll` for words of the processes and for the
/// request to end, and never for one process alone. Processes are in the process group of this one: what a terminal
/// sends reaches all, and a process counts any number of requests to end as one. They do not outlive it (`ChildLink`).
final class Supervisor {
  struct Settings: Sendable {
    /// Stores with their names in routes, and the sockets on which their processes answer.
    var stores: [(name: String, path: String, socket: String)]
    /// The arguments of this program, without its name.
    var arguments: [String]
    /// Whether processes end by themselves when their work is done.
    var runsOnce = false
  }

  private struct Child {
    let store: (name: String, path: String, socket: String)
    var state: ChildState
    var process: StoreProcess?
    var wasKilled = false
  }

  private typealias Instant = ChildState.Instant

  /// How long stores that are open wait at the start for those that are not: within this time one that cannot be owned
  /// is told of before work on the others begins.
  private static let openingPatience = Duration.seconds(30)
  /// From the request to end to the end of patience: within ten seconds all are gone.
  private static let endingPatience = Duration.seconds(9)

  private let settings: Settings
  private let log: Logger
  let board: StoreBoard
  private var children: [Child] = []
  /// When work begins at the latest; nil once it has begun.
  private var gate: Instant?
  /// When processes that are left are killed; nil until the end is asked for.
  private var deadline: Instant?
  /// What makes the start fail as a whole.
  private var refusal: CohortError?

  init(_ settings: Settings, log: Logger) {
    self.settings = settings
    self.log = log
    board = StoreBoard(settings.stores.map { ForwardedStore(name: $0.name, path: $0.path, socket: $0.socket) })
  }

  /// Starts all, and works until all have ended for good, or somebody asks for the end.
  /// - Parameters:
  ///   - stop: the request to end.
  ///   - reload: counts SIGHUP, which is passed on. A store closed by damage is tried again then.
  ///   - begin: called once, before work begins: the place to open the door.
  ///   - leave: called once, when the end was asked for: the place to refuse new work, without waiting for old.
  /// - Returns: the exit code: that of the first process that failed, else of the first that has something to tell.
  func run(
    _ stop: StopRequest, reload: SignalCount? = nil, begin: (StoreBoard) throws -> Void = { _ in },
    leave: () -> Void = {}
  ) -> Int32 {
    DescriptorsOfOwn.closeOnExec()
    var reloads = reload?.count ?? 0
    let now = Instant.now
    gate = now + Self.openingPatience
    children = settings.stores.map {
      Child(store: $0, state: ChildState(store: $0.path, runsOnce: settings.runsOnce, at: now))
    }
    while true {
      if stop.isMade, deadline == nil {
        leave()
        end(at: .now)
      }
      if let reload, reload.count != reloads {
        reloads = reload.count
        for index in children.indices {
          children[index].process?.signal(SIGHUP)
          children[index].state.reopen(at: .now)
        }
      }
      for index in children.indices { look(after: index) }
      if isGateDue(at: .now) {
        do {
          try begin(board)
          openGate()
        } catch {
          refuse(CohortError(describing: error, as: .daemonUnknown))
        }
      }
      if children.allSatisfy(\.state.isOver), deadline != nil || settings.runsOnce { break }
      wait(stop, reload)
    }
    return exitCode
  }

  private var exitCode: Int32 {
    if let refusal { return refusal.category.exitCode }
    let codes = children.map { $0.wasKilled ? 0 : $0.state.exitCode ?? 0 }
    return codes.first { $0 != 0 && $0 != 6 } ?? codes.first { $0 != 0 } ?? 0
  }

  // MARK: One process

  private func start(_ index: Int, _ what: ChildState.ThenDo) {
    let child = children[index]
    // Sockets of the network's library are opened without it.
    DescriptorsOfOwn.closeOnExec()
    do {
      let words = ["--child", child.store.name] + (what == .look ? ["--look"] : [])
      let process = try StoreProcess(for: child.store.path, arguments: words + settings.arguments)
      if gate == nil || what == .look { process.begin() }
      children[index].process = process
      log.debug("child_started", metadata: fields(of: index, ["process": .stringConvertible(process.number)]))
    } catch {
      react(to: .exited(error.category.exitCode), saying: error, of: index)
    }
    publish(index)
  }

  private func look(after index: Int) {
    if let process = children[index].process {
      for word in process.words() {
        switch word {
        case .opened: children[index].state.opened()
        case .ready: children[index].state.isReady(at: .now)
        case .failed, .damaged: break
        }
      }
      if let ending = process.ending() {
        // What it said last may have come between the two calls.
        _ = process.words()
        children[index].process = nil
        react(to: ending, saying: process.lastWords, of: index)
      }
    } else if let (instant, what) = children[index].state.due, instant <= .now {
      children[index].state.started(what, at: .now)
      start(index, what)
    }
    if let deadline, deadline <= .now, let process = children[index].process, !children[index].wasKilled {
      children[index].wasKilled = true
      process.signal(SIGKILL)
      log.warning("child_killed", metadata: fields(of: index, ["process": .stringConvertible(process.number)]))
    }
    publish(index)
  }

  private func react(to ending: ChildEnding, saying words: CohortError?, of index: Int) {
    let isStart = gate != nil && deadline == nil
    let reaction = children[index].state.ended(ending, saying: words, at: .now)
    // Damage closes one store, and a crash may be damage. Everything else is a mistake of whoever starts this.
    if isStart, !ending.isCrash, ending != .exited(4) {
      return refuse(
        words
          ?? CohortError(
            .daemonChildGone, "The process of the store ended", place: children[index].store.path, cause: ending.text),
        of: index)
    }
    switch reaction {
    case .leave:
      log.debug("child_ended", metadata: fields(of: index, ["ending": .string(ending.text)]))
    case .startAgain(let what, let pause):
      var told: Logger.Metadata = [
        "ending": .string(ending.text), "restart_seconds": .stringConvertible(Int(pause / .seconds(1))),
      ]
      if what == .look { told["hint"] = "It crashed twice: all of the store is read before it is served again" }
      if let words { told.merge(words.metadata) { mine, _ in mine } }
      log.error("child_ended", metadata: fields(of: index, told))
    case .close(let error):
      log.error("closed_by_damage", metadata: fields(of: index, error.metadata))
    }
  }

  private func fields(of index: Int, _ more: Logger.Metadata) -> Logger.Metadata {
    more.merging(["store": .string(children[index].store.path)]) { $1 }
  }

  private func publish(_ index: Int) {
    let child = children[index]
    board.update(index) {
      $0.condition = ForwardedStore.Condition(child.state, at: .now)
      $0.restarts = child.state.restarts
      $0.process = child.process?.number
    }
  }

  // MARK: All of them

  /// Whether each store is open, or known not to be, and work has not begun.
  private func isGateDue(at now: Instant) -> Bool {
    guard let gate, deadline == nil else { return false }
    let isOpening = children.contains { if case .opening = $0.state.phase { true } else { false } }
    return !isOpening || gate <= now
  }

  private func openGate() {
    gate = nil
    for child in children { child.process?.begin() }
  }

  private func refuse(_ error: CohortError, of index: Int? = nil) {
    guard refusal == nil else { return }
    refusal = error
    log.error("failed", metadata: index.map { fields(of: $0, error.metadata) } ?? error.metadata)
    end(at: .now)
  }

  private func end(at now: Instant) {
    guard deadline == nil else { return }
    deadline = now + Self.endingPatience - .milliseconds(200)
    for index in children.indices {
      children[index].state.stop()
      children[index].process?.signal(SIGTERM)
      publish(index)
    }
  }

  /// Waits until something happens, or is due.
  private func wait(_ stop: StopRequest, _ reload: SignalCount?) {
    var waited = [
      pollfd(fd: deadline == nil ? stop.descriptor : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: reload?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    var next = [Instant.now + .seconds(60)]
    for child in children {
      if let process = child.process {
        // A pipe that ended stays readable: the end of its process is a moment away.
        if process.isSilent {
          next.append(.now + .milliseconds(5))
        } else {
          waited.append(pollfd(fd: process.report, events: Int16(POLLIN), revents: 0))
        }
      }
      if let due = child.state.due { next.append(due.instant) }
      if let deadline, child.process != nil, !child.wasKilled { next.append(deadline) }
    }
    if let gate, deadline == nil { next.append(gate) }
    let left = ((next.min() ?? .now) - .now) / .milliseconds(1)
    _ = poll(&waited, nfds_t(waited.count), Int32(max(left.rounded(.up), 0)))
    reload?.drain()
  }
}
