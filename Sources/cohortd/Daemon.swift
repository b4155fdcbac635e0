import CohortCore
import CohortStore
import CohortSystem
import Foundation
import Logging
import Synchronization

/// One run of the daemon: opens all stores, gives each a thread, and ends when they have.
struct Daemon {
  let options: DaemonOptions
  private let log: Logger

  init(_ options: DaemonOptions) {
    self.options = options
    log = Logger(label: "cohortd") { [options] _ in
      LineLogHandler(format: options.logFormat, level: options.logLevel.level)
    }
  }

  /// - Returns: the exit code.
  func run() -> Int32 {
    Signals.hold()
    umask(0o077)
    do {
      let stop = try StopRequest()
      let settings = try options.places.map { try workerSettings(store: $0.store, inbox: $0.inbox) }
      try refuseSharedInboxes(settings)
      // All or nothing: a store that cannot be owned is told of before work on the others begins.
      let opened = try settings.map { ($0, Handover(try StoreWorker.open($0))) }
      Signals.listen(stop, log)
      let code = work(opened, stop)
      log.info("stopped", metadata: ["exit": .stringConvertible(code)])
      return code
    } catch {
      let words = CohortError(describing: error, as: .daemonUnknown)
      log.error("failed", metadata: words.metadata)
      return words.category.exitCode
    }
  }

  private func workerSettings(store: String, inbox: String) throws -> StoreWorker.Settings {
    StoreWorker.Settings(
      store: store, inbox: inbox, ingestion: try options.ingestion(), taskFromFolder: options.taskFromFolder,
      space: options.space, dedupe: options.dedupe?.scope, consumption: options.consume,
      quiet: .seconds(options.quiet), rescan: .seconds(options.rescan),
      room: DiskRoom(minimum: options.minimumFree), once: options.once)
  }

  private func refuseSharedInboxes(_ settings: [StoreWorker.Settings]) throws {
    var seen: Set<String> = []
    for one in settings {
      let path = realpath(one.inbox, nil).map { resolved in
        defer { free(resolved) }
        return String(cString: resolved)
      }
      guard seen.insert(path ?? one.inbox).inserted else {
        throw CohortError(.daemonSharedInbox, "Two stores have the same inbox", place: one.inbox)
      }
    }
  }

  /// Runs the workers to their ends. - Returns: the exit code of the first that failed, else of the first that has
  /// something to tell.
  private func work(_ opened: [(settings: StoreWorker.Settings, store: Handover)], _ stop: StopRequest) -> Int32 {
    let ends = Ends(opened.count)
    for (index, (settings, store)) in opened.enumerated() {
      let log = log
      let thread = Thread {
        var own = log
        own[metadataKey: "store"] = .string(settings.store)
        let worker = store.take().map { StoreWorker($0, settings, stop: stop, log: own) }
        ends.finish(index, with: worker?.run() ?? 1)
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    let codes = ends.wait()
    return codes.first { $0 != 0 && $0 != 6 } ?? codes.first { $0 != 0 } ?? 0
  }
}

/// Carries an open store into its thread, and keeps no reference to it: only so can the thread close it.
final class Handover: Sendable {
  private let store: Mutex<Store?>

  init(_ store: Store) { self.store = Mutex(store) }

  func take() -> Store? {
    store.withLock { store in
      defer { store = nil }
      return store
    }
  }
}

/// The exit codes of the threads.
///
/// Guard of the unchecked conformance: every access to `codes` holds `condition`.
final class Ends: @unchecked Sendable {
  private let condition = NSCondition()
  private var codes: [Int32?]

  init(_ count: Int) { codes = [Int32?](repeating: nil, count: count) }

  func finish(_ index: Int, with code: Int32) {
    condition.withLock {
      codes[index] = code
      condition.broadcast()
    }
  }

  /// Waits until all have finished.
  func wait() -> [Int32] {
    condition.withLock {
      while codes.contains(nil) { condition.wait() }
      return codes.compactMap { $0 }
    }
  }
}

extension CohortError {
  /// The fields of an error in the log.
  var metadata: Logger.Metadata {
    var fields: Logger.Metadata = ["code": .string(code.name), "message": .string(message)]
    if let place { fields["place"] = .string(place) }
    if let cause { fields["cause"] = .string(cause) }
    if let hint { fields["hint"] = .string(hint) }
    return fields
  }
}
