import CohortCore
import CohortStore
import CohortSystem
import Logging

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
      let opened = try settings.map { ($0, Locked<Store?>(try StoreWorker.open($0))) }
      try Signals.listen(stop, log)
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
      guard seen.insert(SystemCall.resolved(one.inbox) ?? one.inbox).inserted else {
        throw CohortError(.daemonSharedInbox, "Two stores have the same inbox", place: one.inbox)
      }
    }
  }

  /// Runs the workers to their ends. - Returns: the exit code of the first that failed, else of the first that has
  /// something to tell.
  private func work(_ opened: [(settings: StoreWorker.Settings, store: Locked<Store?>)], _ stop: StopRequest) -> Int32 {
    let ends = Locked([Int32?](repeating: nil, count: opened.count))
    for (index, (settings, store)) in opened.enumerated() {
      var log = log
      log[metadataKey: "store"] = .string(settings.store)
      do {
        _ = try WorkThread { [log] in
          // Nobody else keeps the store: only so can the thread close it.
          let worker = store.withLock { $0.take() }.map { StoreWorker($0, settings, stop: stop, log: log) }
          let code = worker?.run() ?? 1
          ends.change { $0[index] = code }
        }
      } catch {
        log.error("failed", metadata: error.metadata)
        ends.change { $0[index] = error.category.exitCode }
      }
    }
    let codes = ends.wait { $0.contains(nil) ? nil : $0.compactMap { $0 } }
    return codes.first { $0 != 0 && $0 != 6 } ?? codes.first { $0 != 0 } ?? 0
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
