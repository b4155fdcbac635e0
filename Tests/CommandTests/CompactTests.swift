import CohortSystem
import CohortTesting
import Foundation
import Testing

/// `cohort compact`, and the daemon that does the same while nobody writes.
@Suite struct CompactTests {
  private static func export(_ program: Program) throws -> String {
    let result = try program.cohort("export", "--as", "messages", "--with", "ids,lengths,line,source", "-")
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }

  @Test func theStoreSaysTheSameAndTakesLess() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(PipelineTests.lines(9_000), to: "data.jsonl")
      #expect(try program.cohort("ingest", "data.jsonl", "--task-field", "kind").status == 0)
      #expect(try program.cohort("delete", "100..<200").status == 0)
      let before = try Self.export(program)
      let report = try #require(try program.cohort("compact", "--json").json() as? [String: Any])
      #expect(report["samples"] as? Int == 9_000, "\(report)")
      let (old, new) = (report["payload_bytes_before"] as? Int ?? 0, report["payload_bytes"] as? Int ?? 0)
      #expect(new > 0 && new < old, "\(report)")
      #expect(try Self.export(program) == before)
      let again = try #require(try program.cohort("compact", "--json").json() as? [String: Any])
      #expect(again["samples"] as? Int == 0, "\(again)")
      #expect(try program.cohort("compact", "--codec", "plain").status == 0)
      #expect(try Self.export(program) == before)
      #expect(try program.cohort("verify").status == 0)
    }
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    try withProgram { program in
      try program.makeStore()
      for arguments in [
        ["--codec", "lz4"], ["--level", "20"], ["--level", "0"], ["--codec", "plain", "--level", "3"],
      ] {
        let result = try program.cohort(["compact"] + arguments)
        #expect(result.status == 2, "\(result)")
        #expect(result.errors.contains("Take") || result.errors.contains("Leave out"), "\(result)")
      }
    }
  }

  @Test func aQuietDaemonPacksWhatCameIn() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(PipelineTests.lines(9_000), to: "data.jsonl")
      #expect(try program.cohort("ingest", "data.jsonl", "--task-field", "kind").status == 0)
      let before = try Self.export(program)
      try program.write(
        """
        [log]
        format = "json"

        [[stores]]
        path = "cohort"
        compact-after = 0.5
        """, to: "c.toml")
      let daemon = try DaemonProcess(program, ["--config", "c.toml"], waitingFor: "ready", isPlain: true)
      let event = try daemon.wait(for: "packed")
      #expect((event["after"] as? Int ?? .max) < (event["before"] as? Int ?? 0), "\(event)")
      // What comes then is written at once.
      try program.write(PipelineTests.lines(50, from: 9_000), to: "more.jsonl")
      #expect(try program.cohort("ingest", "more.jsonl", "--task-field", "kind").status == 0)
      #expect(daemon.end() == 0, "\(daemon.log)")
      #expect(try Self.export(program).hasPrefix(before))
      #expect(try program.samples() == 9_050)
      #expect(try program.cohort("verify").status == 0)
    }
  }
}
