import CohortCore
import CohortPipeline
import CohortServer
import CohortStore
import CohortSystem
import Logging

/// One run of the daemon with one store: opens it and its doors, works, and ends.
struct Daemon {
  let options: DaemonOptions
  private let live: LiveConfiguration
  private let threshold: LogThreshold
  private let log: Logger

  /// Files and sockets that must be had before anything begins: of the store, the inboxes, the loops of the network, and a few
  /// clients.
  static let filesNeeded = 64

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
    let inherited = DescriptorsOfOwn.all
    let manager = ServiceManager.takeFromEnvironment()
    let isReopening = Reopening.takeFromEnvironment()
    var (link, log) = (nil as ChildLink?, log)
    if !manager.sockets.isEmpty {
      log.info("sockets", metadata: ["inherited": .stringConvertible(manager.sockets.count)])
    }
    do {
      try OpenFiles.require(Self.filesNeeded)
      let stop = try StopRequest()
      if options.child != nil { link = try ChildLink() }
      let format = live.current.log.format
      DamageSignals.install(
        link != nil ? .silent : format == .json ? .logJSON : .logfmt, word: link.map { _ in ChildLink.report })
      let settings = try settings(live.current)
      log[metadataKey: "store"] = .string(settings.path)
      let running = Locked<StoreHost?>(nil)
      try Signals.listen(
        stop, log, isChild: link != nil, stopping: { manager.tell(.stopping) },
        reload: { [log] in reload(running.withLock { $0 }, manager, log) })
      if let link, options.look {
        guard link.begin(or: stop) else { return 0 }
        try StoreLook.run(at: settings.path)
        return 0
      }
      guard let host = try open(settings, stop, log, isPatient: isReopening) else { return 0 }
      if let link, !link.begin(or: stop) { return 0 }
      running.change { $0 = host }
      // The configuration may have been read anew meanwhile.
      host.apply(try self.settings(live.current))
      let doors = try doors(live.current, settings, manager)
      let code = host.run(serving: doors, live.current.http.limits) {
        link?.tell(.ready)
        manager.tell(.ready)
        try? manager.keepAlive { !stop.isMade }
      }
      if let failure = host.failure { link?.tell(.failed(failure)) }
      if host.wantsReopening, link == nil, !options.once {
        log.info("beginning_anew")
        log.error("failed", metadata: Reopening.begin(manager, keeping: inherited).metadata)
      }
      if link == nil { log.info("stopped", metadata: ["exit": .stringConvertible(code)]) }
      return code
    } catch {
      let words = CohortError(describing: error, as: .daemonUnknown)
      // A supervisor says it in its own place.
      if let link { link.tell(.failed(words)) } else { log.error("failed", metadata: words.metadata) }
      return words.category.exitCode
    }
  }

  /// Takes the right to write the store.
  /// - Parameter isPatient: whether a store that cannot be opened is waited for. Damage is not.
  /// - Returns: nil when the end was asked for meanwhile.
  private func open(
    _ settings: StoreSettings, _ stop: StopRequest, _ log: Logger, isPatient: Bool
  ) throws -> StoreHost? {
    var failures = 0
    while true {
      do {
        return try StoreHost(settings, stop: stop, log: log)
      } catch {
        let words = CohortError(describing: error, as: .daemonUnknown)
        guard isPatient, words.category != .corruption else { throw error }
        let seconds = Reopening.pause(after: failures)
        failures += 1
        var fields = words.metadata
        fields["retry_seconds"] = .stringConvertible(seconds)
        log.error("not_reopened", metadata: fields)
        var waited = pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&waited, 1, Int32(seconds * 1000))
        if stop.isMade { return nil }
      }
    }
  }

  private func reload(_ host: StoreHost?, _ manager: ServiceManager, _ log: Logger) {
    if host != nil { manager.tell(.reloadingNow) }
    if let change = live.reload(log) {
      threshold.level = change.effective.log.level.level
      do {
        if let host { host.apply(try settings(change.effective)) }
      } catch {
        log.error("not_reloaded", metadata: CohortError(describing: error, as: .daemonUnknown).metadata)
      }
    }
    guard let host else { return }
    // A supervisor has read the tokens, and says so where nothing was to be read.
    if !host.reloadTokens(), !live.hasFile, options.child == nil { log.nothingReloaded() }
    manager.tell(.ready)
  }

  /// What holds for the one store of this process.
  /// - Throws: `daemon.store-name` when there is none: a configuration that was changed meanwhile.
  private func settings(_ configuration: DaemonConfiguration) throws -> StoreSettings {
    guard let store = configuration.stores.first(where: { options.child == nil || $0.name == options.child }) else {
      throw CohortError(
        .daemonStoreName, "There is no store of this name", place: options.child,
        cause: "The configuration changed while cohortd was running", hint: "Start cohortd again")
    }
    let inboxes = try store.inboxes.map { inbox in
      InboxWorker.Settings(
        path: inbox.path,
        ingestion: try inbox.ingestion(configuration.ownLayouts, workers: configuration.parsingWorkers),
        taskFromFolder: inbox.taskFromFolder, space: store.space, dedupe: inbox.dedupe?.scope,
        updatesLabels: inbox.updateLabels, terms: inbox.terms, consumption: inbox.consume,
        quiet: .seconds(inbox.quiet), rescan: .seconds(inbox.rescan))
    }
    return StoreSettings(
      name: store.name, path: store.path, inboxes: inboxes, workers: configuration.parsingWorkers,
      compactAfter: store.compactAfter, room: DiskRoom(minimum: configuration.minimumFree.map { UInt64($0) }),
      once: options.once)
  }

  /// A process behind a supervisor has the socket that its supervisor knows; the others are the supervisor's.
  private func doors(
    _ configuration: DaemonConfiguration, _ store: StoreSettings, _ manager: ServiceManager
  ) throws -> Doors {
    let own = StoreLayout(store.path).httpSocket
    guard options.child == nil else { return Doors(socket: own) }
    return try configuration.http.doors(socket: own, manager)
  }
}

extension HTTPConfiguration {
  /// The doors that are asked for.
  /// - Parameter own: where processes of the same user come in, unless another place is named.
  func doors(socket own: String?, _ manager: ServiceManager) throws -> Doors {
    var doors = Doors(
      socket: socket ?? own, listen: try listen.map { try TCPAddress(parsing: $0) }, tokenFile: tokenFile)
    // Ours stay open for the program that may take the place of this one.
    doors.inherited = manager.sockets.map { socket in
      let copy = fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 16)
      return copy >= 0 ? copy : socket.descriptor
    }
    doors.hosts = hosts
    return doors
  }

  var limits: Limits {
    var limits = Limits()
    limits.connections = connections
    limits.headerBytes = headerBytes
    limits.bodyBytes = bodyBytes
    limits.headerSeconds = headerSeconds
    limits.bodySeconds = bodySeconds
    limits.idleSeconds = idleSeconds
    limits.stallSeconds = stallSeconds
    limits.readers = readers
    limits.writers = writers
    limits.longWorkers = longWorkers
    limits.eventStreams = eventStreams
    return limits
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
