import CohortSystem
import CohortTesting
import Foundation
import Testing

/// A process for each store: what one of them suffers, the others do not notice.
@Suite struct ProcessTests {
  private static let names = ["a", "b", "c"]

  private static func supervisor(_ program: Program, _ more: [String] = []) throws -> DaemonProcess {
    let daemon = try DaemonProcess(program, names.flatMap { ["--store", $0] } + more, waitingFor: nil)
    try daemon.wait("all are ready") { try ready(daemon).count == names.count }
    return daemon
  }

  /// The processes that serve, by store: the last of each.
  private static func ready(_ daemon: DaemonProcess) throws -> [String: pid_t] {
    try daemon.events("ready").reduce(into: [:]) { all, event in
      if let store = event["store"] as? String, let process = event["process"] as? Int {
        all[store] = pid_t(process)
      }
    }
  }

  private static func isGone(_ process: pid_t) -> Bool {
    // What has ended and was not waited for does not count: nobody may be there to wait.
    let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    if let state { return state.split(separator: ")").last?.hasPrefix(" Z") ?? false }
    return kill(process, 0) != 0
  }

  private static func makeStores(_ program: Program) throws {
    for name in names {
      try program.makeStore(name)
      try FileManager.default.createDirectory(
        at: program.folder.appendingPathComponent("\(name)/inbox"), withIntermediateDirectories: true)
    }
  }

  @Test func eachStoreHasAProcessAndAllEndTogether() throws {
    try withProgram { program in
      try Self.makeStores(program)
      let daemon = try Self.supervisor(program)
      let processes = try Self.ready(daemon)
      #expect(Set(processes.values).count == 3)
      #expect(!processes.values.contains(daemon.process.processIdentifier))
      let started = Date()
      #expect(daemon.end() == 0, "\(daemon.log)")
      #expect(Date().timeIntervalSince(started) < 10)
      #expect(processes.values.allSatisfy(Self.isGone))
      #expect(try daemon.events().last?["event"] as? String == "stopped")
      // Each line names its store.
      #expect(try daemon.events("readers").allSatisfy { $0["store"] is String })
    }
  }

  @Test func aProcessThatIsKilledComesBackAndOthersGoOn() throws {
    try withProgram { program in
      try Self.makeStores(program)
      let daemon = try Self.supervisor(program)
      let before = try Self.ready(daemon)
      kill(try #require(before["b"]), SIGKILL)
      try program.drop(PipelineTests.lines(5), as: "a/inbox/a.jsonl")
      try program.drop(PipelineTests.lines(7), as: "b/inbox/a.jsonl")
      try daemon.wait("both are taken in") { try daemon.events("ingested").count == 2 }
      let after = try Self.ready(daemon)
      #expect(after["a"] == before["a"] && after["c"] == before["c"] && after["b"] != before["b"])
      let end = try #require(try daemon.events("child_ended").first)
      #expect(end["store"] as? String == "b" && end["ending"] as? String == "SIGKILL")
      #expect(end["restart_seconds"] as? Int == 1)
      #expect(daemon.end() == 0, "\(daemon.log)")
      #expect(try program.samples("a") == 5 && program.samples("b") == 7)
    }
  }

  @Test func noProcessOutlivesASupervisorThatIsKilled() throws {
    try withProgram { program in
      try Self.makeStores(program)
      let daemon = try Self.supervisor(program)
      let processes = try Self.ready(daemon)
      // Not even one that cannot run.
      try halt(try #require(processes["c"]))
      daemon.end(by: SIGKILL)
      // The system may let one that waits for its disk end what it asked of it.
      let gone = isReached(every: 0.01) { processes.values.allSatisfy(Self.isGone) }
      #expect(gone, "\(processes.filter { !Self.isGone($0.value) })")
      // All can be owned again.
      let next = try Self.supervisor(program)
      #expect(next.end() == 0, "\(next.log)")
    }
  }

  @Test func aProcessThatDoesNotEndIsKilledInTime() throws {
    try withProgram { program in
      try Self.makeStores(program)
      let daemon = try Self.supervisor(program)
      let processes = try Self.ready(daemon)
      try halt(try #require(processes["b"]))
      let started = Date()
      #expect(daemon.end() == 0, "\(daemon.log)")
      #expect(Date().timeIntervalSince(started) < 10)
      #expect(processes.values.allSatisfy(Self.isGone))
      #expect(try daemon.events("child_killed").compactMap { $0["store"] as? String } == ["b"])
    }
  }

  @Test func aSignalToAllCountsOnce() throws {
    try withProgram { program in
      try Self.makeStores(program)
      let daemon = try Self.supervisor(program)
      // As a terminal sends it, and a service manager: first the processes, then the supervisor, which sends it on.
      for process in try Self.ready(daemon).values { kill(process, SIGINT) }
      #expect(daemon.end(by: SIGINT) == 0, "\(daemon.log)")
      #expect(try daemon.events("stopped_at_once").isEmpty)
    }
  }

  @Test func aStoreThatCannotBeOwnedKeepsAllFromBeginning() throws {
    try withProgram { program in
      try Self.makeStores(program)
      try program.drop(PipelineTests.lines(5), as: "a/inbox/a.jsonl")
      let owner = try DaemonProcess(program, "--store", "c")
      let daemon = try DaemonProcess(program, Self.names.flatMap { ["--store", $0] }, waitingFor: nil)
      daemon.process.waitUntilExit()
      #expect(daemon.process.terminationStatus == 75, "\(daemon.log)")
      let failed = try daemon.events("failed")
      #expect(failed.count == 1 && failed.first?["code"] as? String == "store.owned")
      #expect(try daemon.events("ready").isEmpty)
      #expect(program.names(in: "a/inbox") == ["a.jsonl"])
      #expect(owner.end() == 0)
    }
  }

  @Test func twoStoresOfOneNameAreRefused() throws {
    try withProgram { program in
      for store in ["x/s", "y/s"] { try program.makeStore(store) }
      let daemon = try DaemonProcess(program, ["--store", "x/s", "--store", "y/s"], waitingFor: nil)
      daemon.process.waitUntilExit()
      #expect(daemon.process.terminationStatus == 2)
      #expect(daemon.log.contains("Two stores have"), "\(daemon.log)")
    }
  }

  @Test func aStoreThatIsTakenAwayIsTriedAgainUntilItIsBack() throws {
    try withProgram { program in
      try Self.makeStores(program)
      let daemon = try Self.supervisor(program)
      let before = try Self.ready(daemon)
      let (place, away) = (program.folder.appendingPathComponent("b"), program.folder.appendingPathComponent("away"))
      try FileManager.default.moveItem(at: place, to: away)
      kill(try #require(before["b"]), SIGKILL)
      try daemon.wait("two tries") { try daemon.events("child_ended").count >= 3 }
      let ends = try daemon.events("child_ended")
      #expect(ends.compactMap { $0["restart_seconds"] as? Int }.starts(with: [1, 2, 4]))
      #expect(ends[1]["code"] as? String == "store.no-store", "\(ends[1])")
      try FileManager.default.moveItem(at: away, to: place)
      try daemon.wait("it is back") { try Self.ready(daemon)["b"] != before["b"] }
      #expect(daemon.end() == 0, "\(daemon.log)")
    }
  }

  /// The last half of the data file is zeros: what the counters promise is not there.
  static func damage(_ program: Program, _ store: String) throws {
    let url = program.folder.appendingPathComponent("\(store)/data.mdb")
    var bytes = try Data(contentsOf: url)
    // Both pages that name the roots of all others stay; what they name does not.
    bytes.replaceSubrange(8192..<bytes.count, with: Data(repeating: 0, count: bytes.count - 8192))
    try bytes.write(to: url)
  }

  @Test func aDamagedStoreIsClosedWhileTheOthersServe() throws {
    try withProgram { program in
      try Self.makeStores(program)
      try Self.damage(program, "b")
      let daemon = try DaemonProcess(program, Self.names.flatMap { ["--store", $0] }, waitingFor: nil)
      try daemon.wait("two are ready") { try Self.ready(daemon).count == 2 }
      let event = try daemon.wait(for: "closed_by_damage")
      #expect(event["store"] as? String == "b")
      #expect((event["place"] as? String)?.isEmpty == false, "\(event)")
      try program.drop(PipelineTests.lines(5), as: "a/inbox/a.jsonl")
      try daemon.wait(for: "ingested", file: "a.jsonl")
      usleep(1_500_000)
      #expect(try daemon.events("closed_by_damage").count == 1)
      #expect(daemon.end() == 4, "\(daemon.log)")
    }
  }

  @Test func aStoreThatCrashesIsLookedAtAndServedWhenItIsWhole() throws {
    try withProgram { program in
      try Self.makeStores(program)
      let daemon = try Self.supervisor(program)
      var last = try #require(try Self.ready(daemon)["b"])
      for _ in 0..<2 {
        kill(last, SIGSEGV)
        try daemon.wait("the next one is ready") { try Self.ready(daemon)["b"] != last }
        last = try #require(try Self.ready(daemon)["b"])
      }
      let ends = try daemon.events("child_ended")
      #expect(ends.map { $0["ending"] as? String } == ["SIGSEGV", "SIGSEGV", "exit code 0"], "\(ends)")
      #expect(try daemon.events("closed_by_damage").isEmpty)
      #expect(daemon.end() == 0, "\(daemon.log)")
    }
  }

  @Test func aRunThatEndsByItselfEndsWithTheWorstOfAll() throws {
    try withProgram { program in
      try Self.makeStores(program)
      try program.drop(PipelineTests.lines(5), as: "a/inbox/a.jsonl")
      try program.drop(PipelineTests.lines(5) + "{\n", as: "b/inbox/b.jsonl")
      let (status, daemon) = try program.daemonOnce("--store", "a", "--store", "b", "--store", "c")
      #expect(status == 6, "\(daemon.log)")
      #expect(try program.samples("a") == 5 && program.samples("b") == 5)
    }
  }
}
