import Foundation
import Testing
import CohortSystem

/// Starting, owning, pausing and ending.
@Suite struct DaemonLifeTests {
  @Test func argumentsThatMakeNoSenseAreUsageErrors() throws {
    try withProgram { program in
      for arguments in [
        ["--layout", "nonsense"], ["--store", "a", "--store", "b", "--inbox", "c"],
        ["--task", "a", "--task-field", "b"],
        ["--dedupe", "none"], ["--quiet", "-1"],
      ] {
        let daemon = try DaemonProcess(program, arguments, waitingFor: nil)
        daemon.process.waitUntilExit()
        #expect(daemon.process.terminationStatus == 2, "\(arguments): \(daemon.log)")
      }
    }
  }

  @Test func aStoreThatIsNotThereIsNotFound() throws {
    try withProgram { program in
      let daemon = try DaemonProcess(program, ["--store", "nowhere"], waitingFor: nil)
      daemon.process.waitUntilExit()
      #expect(daemon.process.terminationStatus == 3)
      #expect(try daemon.events("failed").first?["code"] as? String == "store.no-store")
      #expect(!program.exists("nowhere"))
    }
  }

  @Test func aSecondDaemonIsToldWhoOwnsTheStore() throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program)
      let second = try DaemonProcess(program, [], waitingFor: nil)
      second.process.waitUntilExit()
      #expect(second.process.terminationStatus == 75)
      let owner = "cohortd, process \(daemon.process.processIdentifier)"
      #expect((try second.events("failed").first?["message"] as? String ?? "").contains(owner), "\(second.log)")
      #expect(try program.cohort("info").status == 0)
      #expect(daemon.end() == 0)
    }
  }

  @Test func severalStoresHaveTheirOwnInboxes() throws {
    try withProgram { program in
      try program.makeStore("one")
      try program.makeStore("two")
      let daemon = try DaemonProcess(program, "--store", "one", "--store", "two")
      try daemon.wait("both") { try daemon.events("ready").count == 2 }
      try program.drop(PipelineTests.lines(5), as: "one/inbox/a.jsonl")
      try program.drop(PipelineTests.lines(8), as: "two/inbox/a.jsonl")
      try daemon.wait("both ingested") { try daemon.events("ingested").count == 2 }
      #expect(daemon.end() == 0)
      #expect(try program.samples("one") == 5)
      #expect(try program.samples("two") == 8)
      let shared = try DaemonProcess(
        program, ["--store", "one", "--inbox", "x", "--store", "two", "--inbox", "x"], waitingFor: nil)
      shared.process.waitUntilExit()
      #expect(shared.process.terminationStatus == 2, "\(shared.log)")
    }
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func signalsEndIt(_ number: Int32) throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program)
      for ignored in [SIGHUP, SIGPIPE] { kill(daemon.process.processIdentifier, ignored) }
      try program.drop(PipelineTests.lines(5), as: "cohort/inbox/a.jsonl")
      try daemon.wait(for: "ingested")
      let started = Date()
      #expect(daemon.end(by: number) == 0, "\(daemon.log)")
      #expect(Date().timeIntervalSince(started) < 10)
      #expect(try daemon.events().last?["event"] as? String == "stopped")
    }
  }

  /// The first signal asks, the second one does not wait. What was committed before is there, and the rest comes next
  /// time, whichever of the two ended it.
  @Test(arguments: [1, 2])
  func endingAmidALargeFileLosesNothing(signals: Int) throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program, "--task-field", "kind")
      let count = 60_000
      try program.drop(PipelineTests.lines(count), as: "cohort/inbox/large.jsonl")
      try daemon.wait("the first commit") { try program.samples() > 0 }
      let started = Date()
      if signals == 2 { kill(daemon.process.processIdentifier, SIGTERM) }
      let code = daemon.end()
      #expect(code == 0 || (signals == 2 && code == 128 + SIGTERM), "\(code)\n\(daemon.log)")
      #expect(Date().timeIntervalSince(started) < 10)
      let kept = try program.samples()
      // A quick machine may have taken everything in before the signal came; then nothing is left to do.
      let isCut = program.names(in: "cohort/inbox") == ["large.jsonl"]
      #expect(isCut || kept == count)
      let (status, again) = try program.daemonOnce("--task-field", "kind")
      #expect(status == 0, "\(again.log)")
      if isCut {
        let event = try again.wait(for: "ingested")
        #expect(event["duplicates"] as? Int == kept)
        #expect(event["inserted"] as? Int == count - kept)
      }
      #expect(try program.samples() == count)
      #expect(program.names(in: "cohort/inbox/.done") == ["large.jsonl"])
    }
  }

  @Test func tooLittleRoomPausesTheInboxAndNothingElse() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(PipelineTests.lines(5), to: "cohort/inbox/a.jsonl")
      let daemon = try DaemonProcess(program, "--minimum-free", "\(UInt64(1) << 62)")
      let event = try daemon.wait(for: "disk_low")
      #expect((event["free"] as? UInt64 ?? 0) < (event["needed"] as? UInt64 ?? 0))
      usleep(1_500_000)
      #expect(program.names(in: "cohort/inbox") == ["a.jsonl"])
      #expect(try program.samples() == 0)
      #expect(daemon.end() == 0)
      let (refused, once) = try program.daemonOnce("--minimum-free", "\(UInt64(1) << 62)")
      #expect(refused == 75, "\(once.log)")
      let (status, _) = try program.daemonOnce("--minimum-free", "1")
      #expect(status == 0)
      #expect(try program.samples() == 5)
    }
  }

  #if os(Linux)
    private static let memoryDisk = "/dev/shm"

    private static var freeOnMemoryDisk: UInt64 {
      var info = statvfs()
      guard statvfs(memoryDisk, &info) == 0 else { return 0 }
      return UInt64(info.f_bavail) * UInt64(info.f_frsize)
    }

    /// On a disk in memory, where nobody else takes or gives much meanwhile.
    @Test(.enabled(if: freeOnMemoryDisk > 1 << 30))
    func roomThatComesBackEndsThePause() throws {
      let folder = Self.memoryDisk + "/cohort-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      try withProgram { program in
        try program.makeStore(folder)
        let filler = folder + "/inbox.filler"
        let descriptor = open(filler, O_CREAT | O_WRONLY, 0o600)
        try #require(descriptor >= 0 && posix_fallocate(descriptor, 0, 400 << 20) == 0)
        close(descriptor)
        let limit = Self.freeOnMemoryDisk + 200 << 20
        let daemon = try DaemonProcess(program, "--store", folder, "--minimum-free", "\(limit)")
        try daemon.wait(for: "disk_low")
        let text = PipelineTests.lines(5)
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/inbox/a.jsonl"))
        #expect(unlink(filler) == 0)
        try daemon.wait(for: "disk_has_room")
        try daemon.wait(for: "ingested", file: "a.jsonl")
        #expect(daemon.end() == 0)
      }
    }
  #endif
}
