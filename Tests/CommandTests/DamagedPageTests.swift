import CohortTesting
import Foundation
import Testing

/// Pages whose reading ends a process by a signal: the process ends with exit code 4 and says where it was.
@Suite struct DamagedPageTests {
  private static func prepared(_ program: Program, _ store: String = "cohort") throws {
    try program.write(PipelineTests.lines(20_000), to: "data.jsonl")
    let result = try program.shell(
      """
      export COHORT_STORE=\(store)
      cohort init && cohort ingest data.jsonl
      """)
    try #require(result.status == 0, "\(result)")
  }

  /// The file loses its end while it is read: no check beforehand can see that.
  @Test(arguments: ["", "--json"]) func aPageThatIsGoneIsToldOf(format: String) throws {
    try withProgram { program in
      try Self.prepared(program)
      let result = try program.shell(
        """
        cohort export --as messages - \(format) 2> errors | (head -c 1000 > /dev/null; truncate -s 8192 cohort/data.mdb; cat > rest)
        code=${PIPESTATUS[0]}
        tail -n 1 rest
        exit $code
        """)
      let errors = try program.read("errors")
      #expect(result.status == 4 && !result.isSignal, "\(result) \(errors)")
      let place = try #require(errors.firstMatch(of: #/where: (\S+/cohort/data\.mdb), page (\d+)\n/#), "\(errors)")
      #expect((Int(place.2) ?? 0) > 1)
      #expect(errors.contains("  why:   SIGBUS") && errors.contains("  do:    Run cohort verify"), "\(errors)")
      guard !format.isEmpty else { return }
      let error = try result.error()
      #expect(error["code"] as? String == "lmdb.damaged-page" && error["category"] as? String == "corruption")
      #expect(error["exit_code"] as? Int == 4 && error["place"] as? String == "\(place.1), page \(place.2)")
    }
  }

  /// What has nothing to do with a store ends the process as it ever did.
  @Test(arguments: [SIGSEGV, SIGBUS, SIGABRT]) func otherSignalsAreLeftAlone(number: Int32) throws {
    try withProgram { program in
      try #require(try program.cohort("init").status == 0)
      let result = try program.shell(
        """
        \(LimitTests.free)
        {
          until grep -q ingest cohort/owner.lock; do sleep 0.02; done
          kill -\(number) $(grep -o '[0-9]*$' cohort/owner.lock)
        } | free cohort ingest --source x -
        """, environment: ["SWIFT_BACKTRACE": "enable=no"])
      #expect(result.status == 128 + number, "\(result)")
      #expect(!result.errors.contains("damaged"))
    }
  }

  /// A half-written export does not stay behind, either.
  @Test(.enabled(if: PreloadedLibrary.isPossible, "\(PreloadedLibrary.reason)"))
  func nothingIsLeftOfAnExport() throws {
    try withProgram { program in
      try Self.prepared(program)
      let library = try LimitTests.waitingExport(program)
      // The first page of an export is written when most are still to be read.
      let result = try program.shell(
        """
        LD_PRELOAD=\(library) GO=go cohort export --as messages out.jsonl > /dev/null & command=$!
        until [ -s out.jsonl.part-$command ] || ! kill -0 $command 2> /dev/null; do sleep 0.01; done
        truncate -s 8192 cohort/data.mdb
        touch go
        wait $command; code=$?
        ls -A | grep out.jsonl
        exit $code
        """)
      #expect(result.status == 4 && result.output.isEmpty, "\(result)")
    }
  }

  /// A daemon alone ends with the code, and a line in its log.
  @Test func aDaemonAloneSaysWhereItWas() throws {
    try withProgram { program in
      try Self.prepared(program)
      let daemon = try DaemonProcess(program, "--store", "cohort")
      try program.drop(PipelineTests.lines(3), as: "cohort/inbox/a.jsonl")
      #expect(truncate(program.folder.appendingPathComponent("cohort/data.mdb").path, 8192) == 0)
      try daemon.wait("it ends") { !daemon.process.isRunning }
      #expect(daemon.process.terminationReason == .exit && daemon.process.terminationStatus == 4, "\(daemon.log)")
      let event = try #require(try daemon.events("gave_up").last)
      #expect((event["place"] as? String)?.contains("/data.mdb, page ") == true, "\(event)")
      #expect(event["code"] as? String == "lmdb.damaged-page" && event["level"] as? String == "error")
      #expect((event["time"] as? String)?.count == 24)
    }
  }

  /// The process of one of two stores: closed with its place, not started again and again; the other one goes on.
  @Test func onlyTheDamagedStoreIsClosed() throws {
    try withProgram { program in
      try Self.prepared(program, "bad")
      try program.makeStore("good")
      let daemon = try DaemonProcess(program, ["--store", "bad", "--store", "good"], waitingFor: nil)
      try daemon.wait("both are ready") { try daemon.events("ready").count == 2 }
      let good = try daemon.events("ready").first { $0["store"] as? String == "good" }?["process"] as? Int
      #expect(truncate(program.folder.appendingPathComponent("bad/data.mdb").path, 8192) == 0)
      try program.drop(PipelineTests.lines(3), as: "bad/inbox/a.jsonl")
      let event = try daemon.wait(for: "closed_by_damage")
      #expect(event["store"] as? String == "bad" && event["cause"] as? String == "SIGBUS", "\(event)")
      #expect((event["place"] as? String)?.hasPrefix("bad/data.mdb, page ") == true, "\(event)")
      try program.drop(PipelineTests.lines(3), as: "good/inbox/a.jsonl")
      try daemon.wait(for: "ingested")
      #expect(try daemon.events("child_ended").isEmpty, "\(daemon.log)")
      #expect(program.names(in: "bad/inbox") == ["a.jsonl"])
      let processes = try daemon.events("ready").filter { $0["store"] as? String == "good" }
      #expect(processes.count == 1 && processes.first?["process"] as? Int == good)
      #expect(daemon.end() == 4, "\(daemon.log)")
    }
  }
}
