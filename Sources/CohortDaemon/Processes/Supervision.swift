import CohortCore
import CohortServer
import CohortSystem
import Logging

/// One run of the daemon with several stores: from what it is told to its exit code.
struct Supervision {
  let options: DaemonOptions
  private let live: LiveConfiguration
  private let threshold: LogThreshold
  private let log: Logger

  /// - Parameter configuration: what the options make; it makes sense.
  init(_ options: DaemonOptions, _ configuration: DaemonConfiguration) {
    self.options = options
    live = LiveConfiguration(options, configuration)
    let threshold = LogThreshold(configuration.log.level.level)
    self.threshold = threshold
    log = Logger(label: "cohortd") { _ in LineLogHandler(format: configuration.log.format, threshold: threshold) }
  }

  /// - Returns: the exit code.
  func run() -> Int32 {
    Signals.hold()
    umask(0o077)
    let manager = ServiceManager.takeFromEnvironment()
    do {
      try OpenFiles.require(Daemon.filesNeeded + 4 * live.current.stores.count)
      let (stop, reload) = (try StopRequest(), try SignalCount())
      let stores = live.current.stores.map {
        (name: $0.name, path: $0.path, socket: StoreLayout($0.path).httpSocket)
      }
      let settings = Supervisor.Settings(
        stores: stores, arguments: Array(CommandLine.arguments.dropFirst()), runsOnce: options.once)
      let serving = Locked<Server?>(nil)
      try Signals.listen(stop, log, stopping: { manager.tell(.stopping) }) {
        // Each process reads it for itself; here it is told of once, and the level holds for this one.
        manager.tell(.reloadingNow)
        if let change = live.reload(log) { threshold.level = change.effective.log.level.level }
        reload.add()
        let hasTokens = serving.withLock { $0 }?.reloadTokens(log) ?? false
        if !hasTokens, !live.hasFile { log.nothingReloaded() }
        manager.tell(.ready)
      }
      let supervisor = Supervisor(settings, log: log)
      let server = try door(supervisor.board, manager)
      serving.change { $0 = server }
      let code = supervisor.run(
        stop, reload: reload,
        begin: { _ in
          _ = try server?.start()
          manager.tell(.ready)
          try manager.keepAlive { !stop.isMade }
        }, leave: { server?.leave() })
      server?.stop(within: 0.5)
      log.info("stopped", metadata: ["exit": .stringConvertible(code)])
      return code
    } catch {
      let words = CohortError(describing: error, as: .daemonUnknown)
      log.error("failed", metadata: words.metadata)
      return words.category.exitCode
    }
  }

  /// The door to all stores, where one is asked for: each store has a socket of its own besides.
  private func door(_ board: StoreBoard, _ manager: ServiceManager) throws -> Server? {
    let http = live.current.http
    guard !options.once, http.socket != nil || !http.listen.isEmpty || !manager.sockets.isEmpty else { return nil }
    return try Server(forwarding: board, doors: try http.doors(socket: nil, manager), limits: http.limits, log: log)
  }
}
