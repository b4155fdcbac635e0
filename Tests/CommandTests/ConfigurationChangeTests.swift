import CohortTesting
import Foundation
import Testing
import CohortDaemon

/// What a reload takes over, as a function of two configurations, and in a running daemon.
@Suite struct ConfigurationChangeTests {
  private func configuration(_ change: (inout DaemonConfiguration) -> Void = { _ in }) -> DaemonConfiguration {
    var configuration = DaemonConfiguration()
    configuration.stores = ["main", "second"].map { name in
      var store = StoreConfiguration()
      (store.name, store.path) = (name, "/nowhere/\(name)")
      store.inboxes[0].path = "/nowhere/\(name)/inbox"
      return store
    }
    change(&configuration)
    return configuration
  }

  @Test func nothingChangesWithoutADifference() {
    let change = ConfigurationChange(from: configuration(), to: configuration())
    #expect(change.isEmpty)
    #expect(change.effective == configuration())
  }

  @Test func whatARunningDaemonCanTakeOverIsTaken() {
    let asked = configuration {
      $0.log.level = .debug
      $0.minimumFree = 7
      $0.stores[0].inboxes[0].layout = "sharegpt"
      $0.stores[0].inboxes.append(InboxConfiguration())
      $0.stores[0].inboxes[1].path = "/nowhere/drop"
      $0.stores[1].inboxes = []
    }
    let change = ConfigurationChange(from: configuration(), to: asked)
    #expect(change.waiting.isEmpty)
    #expect(change.effective == asked)
    #expect(
      change.taken.map(\.key) == [
        "minimum-free", "log.level", "stores.main.inboxes./nowhere/main/inbox.layout",
        "stores.main.inboxes./nowhere/drop", "stores.second.inboxes./nowhere/second/inbox",
      ])
    #expect(change.taken[1].old == "\"info\"" && change.taken[1].new == "\"debug\"")
    #expect(change.taken[3].old == nil && change.taken[4].new == nil)
  }

  @Test func whatOnlyARestartChangesWaits() {
    let asked = configuration {
      $0.http.socket = "/run/x.sock"
      $0.log.format = .json
      $0.log.level = .error
      $0.stores[0].path = "/elsewhere/main"
      $0.stores[0].inboxes[0].path = "/elsewhere/main/inbox"
      $0.stores.removeLast()
      $0.stores.append(StoreConfiguration())
      ($0.stores[1].name, $0.stores[1].path) = ("third", "/nowhere/third")
      $0.stores[1].inboxes = []
    }
    let change = ConfigurationChange(from: configuration(), to: asked)
    #expect(
      change.waiting.map(\.key) == ["http.socket", "log.format", "stores.third", "stores.main.path", "stores.second"])
    #expect(change.taken.map(\.key) == ["log.level"])
    #expect(change.effective == configuration { $0.log.level = .error })
  }

  /// The removed store keeps its inbox until a restart, so nobody else can have it before.
  @Test func whatMakesNoSenseTogetherWaitsAsAWhole() {
    let asked = configuration {
      $0.stores.removeLast()
      $0.stores[0].inboxes[0].path = "/nowhere/second/inbox"
    }
    let change = ConfigurationChange(from: configuration(), to: asked)
    #expect(change.taken.isEmpty)
    #expect(change.waiting.map(\.key).contains("stores.second"))
    #expect(change.effective == configuration())
  }

  /// For configurations at random: what came of a reload differs from what was asked in what waits and in nothing else, and
  /// asking for the same again changes nothing more.
  @Test func aSecondReloadOfTheSameFileChangesNothingMore() {
    for seed in UInt64(0)..<300 {
      var random = TestRandom(seed: seed)
      let (old, new) = (Self.random(&random), Self.random(&random))
      #expect(old.problems().isEmpty && new.problems().isEmpty, "seed \(seed): \(old.problems())")
      let first = ConfigurationChange(from: old, to: new)
      let second = ConfigurationChange(from: first.effective, to: new)
      #expect(first.effective.problems().isEmpty, "seed \(seed)")
      #expect(second.effective == first.effective, "seed \(seed)")
      #expect(Set(second.waiting) == Set(first.waiting), "seed \(seed)")
      if first.waiting.isEmpty { #expect(first.effective == new, "seed \(seed)") }
      if old == new { #expect(first.isEmpty, "seed \(seed)") }
      let keys = (first.taken + first.waiting).map(\.key)
      #expect(Set(keys).count == keys.count, "seed \(seed): \(keys)")
    }
  }

  @Test func whatIsPrintedIsReadAsTheSame() throws {
    try withProgram { program in
      for seed in UInt64(0)..<8 {
        var random = TestRandom(seed: seed)
        let configuration = Self.random(&random)
        try program.write(configuration.toml, to: "\(seed).toml")
        let result = try program.cohortd(["--config", "\(seed).toml", "--print-config"])
        #expect(result.output == configuration.toml, "seed \(seed): \(result)")
      }
    }
  }

  private static func random(_ random: inout TestRandom) -> DaemonConfiguration {
    var configuration = DaemonConfiguration()
    func one<T>(_ values: T...) -> T { values[random.below(values.count)] }
    configuration.workers = one(nil, 1, 2)
    configuration.minimumFree = one(nil, 0, 5)
    configuration.http.socket = one(nil, "/run/a.sock", "/run/\"b\".sock")
    configuration.http.connections = one(256, 3)
    configuration.log.level = one(.info, .debug)
    configuration.log.format = one(.logfmt, .json)
    var names = ["a", "b b", "c\"\\"]
    names.removeLast(random.below(3))
    for name in names {
      var store = StoreConfiguration()
      store.name = name
      store.path = one("/nowhere/1/", "/nowhere/2/") + name
      store.space = one("default", "other")
      store.inboxes = ["x", "y"].prefix(random.below(3)).map { folder in
        var inbox = InboxConfiguration()
        inbox.path = "/nowhere/in/\(name)/\(folder)"
        inbox.layout = one("auto", "sharegpt", "alpaca")
        inbox.task = one(nil, "t", "\u{7}é\n")
        inbox.map = one([], ["prompt=q", "response=a"])
        inbox.dedupe = one(nil, .store)
        inbox.updateLabels = one(true, false)
        inbox.quiet = one(1, 0.25)
        inbox.identity = one([], ["k", "l"])
        return inbox
      }
      configuration.stores.append(store)
    }
    return configuration
  }

  // MARK: SIGHUP

  @Test func aRunningDaemonReadsItsFileAnew() throws {
    try withProgram { program in
      try program.makeStore("main")
      func write(_ text: String) throws { try program.write(text + "\n[[stores]]\npath = \"main\"\n", to: "c.toml") }
      try write("[log]\nlevel = \"info\"\nformat = \"json\"")
      let daemon = try DaemonProcess(program, ["--config", "c.toml"], waitingFor: "ready", isPlain: true)
      try write("[log]\nlevel = \"debug\"\nformat = \"logfmt\"")
      kill(daemon.process.processIdentifier, SIGHUP)
      let told = try daemon.wait(for: "reloaded")
      #expect(told["taken"] as? Int == 1 && told["waiting"] as? Int == 1, "\(daemon.log)")
      #expect(try daemon.events("setting").first?["key"] as? String == "log.level")
      #expect(try daemon.events("needs_restart").first?["key"] as? String == "log.format")
      try program.drop(PipelineTests.lines(5), as: "main/inbox/a.jsonl")
      try daemon.wait(for: "ingested")
      try daemon.wait(for: "kept")

      // A file with mistakes changes nothing, and all of them are told.
      try write("worker = 1\n[log]\nlevel = \"loud\"")
      kill(daemon.process.processIdentifier, SIGHUP)
      let refused = try daemon.wait(for: "not_reloaded")
      #expect(refused["mistakes"] as? Int == 2, "\(daemon.log)")
      #expect(try daemon.events("configuration").map { $0["place"] as? String } == ["c.toml:1", "c.toml:3"])
      try program.drop(PipelineTests.lines(8), as: "main/inbox/b.jsonl")
      try daemon.wait("both") { try daemon.events("ingested").count == 2 }
      #expect(daemon.end() == 0, "\(daemon.log)")
      #expect(try program.samples("main") == 13)
    }
  }

  @Test func withoutAFileThereIsNothingToReload() throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program)
      kill(daemon.process.processIdentifier, SIGHUP)
      try daemon.wait(for: "not_reloaded")
      #expect(daemon.end() == 0)
    }
  }

  /// Tokens need no configuration file to be read anew.
  @Test func tokensAreReadAnewWithoutAFile() throws {
    try withProgram { program in
      try program.makeStore()
      let door = try DoorProcess(program)
      let token = "new-0123456789abcdef0123456789abcdef"
      #expect(try door.ask("GET", door.base, token: token).status == 401)
      try program.write("write \(DoorProcess.writing)\nread \(token)\n", to: "tokens")
      kill(door.pid, SIGHUP)
      let told = try door.daemon.wait(for: "tokens_reloaded")
      #expect(told["writing"] as? Int == 1 && told["reading"] as? Int == 1, "\(told)")
      #expect(try door.ask("GET", door.base, token: token).status == 200)
      #expect(try door.ask("GET", door.base, token: DoorProcess.reading).status == 401)
      #expect(door.daemon.end() == 0)
      #expect(try door.daemon.events("not_reloaded").isEmpty, "\(door.daemon.log)")
    }
  }

  /// As any other file that is not there.
  @Test func aTokenFileThatIsNotThereIsNotFound() throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(
        program, ["--store", "cohort", "--listen", "127.0.0.1:0", "--token-file", "missing"], waitingFor: nil)
      daemon.process.waitUntilExit()
      #expect(daemon.process.terminationStatus == 3, "\(daemon.log)")
      #expect(daemon.log.contains("There is no token file"), "\(daemon.log)")
    }
  }
}
