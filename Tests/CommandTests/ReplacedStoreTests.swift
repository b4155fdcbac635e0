import CohortTesting
import Foundation
import Testing

/// A store's folder that is deleted, moved or replaced while it is open. What is told to be stored is in the store that is there.
/// (100 times at random moments: `Tools/torture/store-replaced`.)
@Suite struct ReplacedStoreTests {
  private static let ways = [
    "rm -rf S && mv fresh S", "mv S old && mv fresh S", "rm S/data.mdb S/lock.mdb && mv fresh/data.mdb S/data.mdb",
    "mv S old",
  ]

  private static func makeStores(_ program: Program) throws {
    let result = try program.shell("cohort init --store S && cohort init --store fresh && mkdir inbox")
    try #require(result.status == 0, "\(result)")
  }

  private static func prompts(_ program: Program) throws -> [String] {
    let result = try program.cohort("export", "--store", "S", "--as", "prompt-completion", "-")
    return try result.jsonLines().compactMap { $0["prompt"] as? String }
  }

  @Test(arguments: ways) func aCommandWritesIntoNoStoreThatIsNotThere(way: String) throws {
    try withProgram { program in
      try Self.makeStores(program)
      let result = try program.shell(
        """
        {
          until grep -q ingest S/owner.lock; do sleep 0.02; done
          echo '{"prompt":"p","response":"r"}'
          \(way)
        } | cohort ingest --store S --source x --json -
        """)
      #expect(result.status == 75, "\(result)")
      let error = try result.error()
      #expect(error["code"] as? String == "lmdb.replaced" && (error["place"] as? String)?.hasSuffix("/S") == true)
      #expect(!result.output.contains(#""inserted":1"#), "\(result)")
      guard way != "mv S old" else { return }
      #expect(try program.samples("S") == 0)
      // The same command again does it.
      try program.write(#"{"prompt":"p","response":"r"}"#, to: "x.jsonl")
      #expect(try program.cohort("ingest", "--store", "S", "x.jsonl").status == 0)
      #expect(try program.samples("S") == 1)
    }
  }

  /// Alone, and as one of two processes.
  @Test(arguments: [[], ["--store", "T", "--inbox", "other"]] as [[String]], ways.dropLast())
  func theDaemonGoesOnWithTheStoreThatIsThere(others: [String], way: String) throws {
    try withProgram { program in
      try Self.makeStores(program)
      if !others.isEmpty { try program.makeStore("T") }
      let inbox = program.folder.appendingPathComponent("inbox").path
      let daemon = try DaemonProcess(program, ["--store", "S", "--inbox", inbox] + others, waitingFor: nil)
      try daemon.wait("all are ready") { try daemon.events("ready").count == 1 + others.count / 4 }
      try program.drop(#"{"prompt":"before","response":"r"}"#, as: "inbox/a.jsonl")
      try daemon.wait(for: "ingested", file: "a.jsonl")
      #expect(try program.shell(way).status == 0)
      try program.drop(#"{"prompt":"after","response":"r"}"#, as: "inbox/b.jsonl")
      try daemon.wait(for: "ingested", file: "b.jsonl")
      #expect(try Self.prompts(program) == ["after"], "\(daemon.log)")
      #expect(try daemon.events("store_taken_away").count == 1, "\(daemon.log)")
      if others.isEmpty {
        // The same process.
        let processes = try daemon.events("ready").compactMap { $0["process"] as? Int }
        #expect(processes.count == 2 && Set(processes) == [Int(daemon.process.processIdentifier)])
      } else {
        #expect(try daemon.events("child_ended").compactMap { $0["code"] as? String } == ["lmdb.replaced"])
      }
      #expect(daemon.end() == 0, "\(daemon.log)")
    }
  }

  /// Nothing is made where the store was, and requests are not answered from what is gone.
  @Test func aStoreThatIsGoneIsWaitedFor() throws {
    try withProgram { program in
      try Self.makeStores(program)
      let daemon = try DaemonProcess(program, "--store", "S")
      // The daemon may put a file there meanwhile.
      #expect(try program.shell("rm -rf S || rm -rf S").status == 0)
      let event = try daemon.wait(for: "not_reopened")
      #expect(event["code"] as? String == "store.no-store", "\(event)")
      #expect(!program.exists("S"), "\(program.names(in: "S"))")
      #expect(try program.shell("mv fresh S").status == 0)
      try daemon.wait("it is ready again") { try daemon.events("ready").count == 2 }
      try program.drop(#"{"prompt":"p","response":"r"}"#, as: "S/inbox/a.jsonl")
      try daemon.wait(for: "ingested")
      #expect(daemon.end() == 0, "\(daemon.log)")
      #expect(try program.samples("S") == 1)
    }
  }

  @Test func aDaemonThatWaitsForItsStoreEndsWhenItIsAsked() throws {
    try withProgram { program in
      try Self.makeStores(program)
      let daemon = try DaemonProcess(program, "--store", "S")
      // The daemon may put a file there meanwhile.
      #expect(try program.shell("rm -rf S || rm -rf S").status == 0)
      try daemon.wait(for: "not_reopened")
      #expect(daemon.end() == 0, "\(daemon.log)")
    }
  }

  /// Files come all the time, and the store goes in the midst of it.
  @Test func noFileIsPutAwayForAStoreThatIsGone() throws {
    let seed = Torture.seed
    var random = TestRandom(seed: seed)
    for round in 0..<Torture.cases(2, tortured: 50) {
      try withProgram { program in
        try Self.makeStores(program)
        let inbox = program.folder.appendingPathComponent("inbox").path
        let daemon = try DaemonProcess(program, "--store", "S", "--inbox", inbox)
        let count = 12
        let moment = 2 + random.below(count - 4)
        var gone = timespec()
        for number in 0..<count {
          try program.drop(PipelineTests.lines(1 + random.below(200), from: number * 1000), as: "inbox/\(number).jsonl")
          usleep(UInt32(random.below(80_000)))
          guard number == moment else { continue }
          #expect(try program.shell(Self.ways[random.below(2)]).status == 0)
          clock_gettime(CLOCK_REALTIME, &gone)
        }
        try daemon.wait("all are put away") { program.names(in: "inbox").isEmpty }
        #expect(daemon.end() == 0, "\(daemon.log)")
        let there = Set(try Self.prompts(program))
        for number in 0..<count {
          var file = stat()
          let path = program.folder.appendingPathComponent("inbox/.done/\(number).jsonl").path
          try #require(stat(path, &file) == 0)
          // The name was given by then: the file is the old store's.
          guard (file.st_ctim.tv_sec, file.st_ctim.tv_nsec) > (gone.tv_sec, gone.tv_nsec) else { continue }
          let first = "question number \(number * 1000) of \(["sum", "poem", "code"][number * 1000 % 3])"
          #expect(there.contains(first), "seed \(seed), round \(round), file \(number): \(daemon.log)")
        }
      }
    }
  }
}
