import Foundation
import Testing
import CohortSystem

/// What the daemon takes from an inbox, when, and where it puts it.
@Suite struct DaemonInboxTests {
  @Test func aRenamedFileIsStoredAndGrouped() throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program, "--task-field", "kind")
      try program.drop(PipelineTests.lines(90), as: "cohort/inbox/a.jsonl")
      let event = try daemon.wait(for: "ingested", file: "a.jsonl")
      #expect(event["inserted"] as? Int == 90)
      try daemon.wait("groups") {
        let groups = try program.cohort("group", "list", "--grouping", "tasks", "--json").json() as? [[String: Any]]
        return groups?.compactMap { $0["size"] as? Int } == [30, 30, 30]
      }
      #expect(program.names(in: "cohort/inbox").isEmpty)
      #expect(program.names(in: "cohort/inbox/.done") == ["a.jsonl"])
      #expect(daemon.end() == 0, "\(daemon.log)")
    }
  }

  @Test func theInboxIsMadeForItsOwnerOnly() throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program, "--inbox", "drop/here")
      for name in ["drop/here", "drop/here/.done", "drop/here/.failed"] {
        let attributes = try FileManager.default.attributesOfItem(
          atPath: program.folder.appendingPathComponent(name).path)
        #expect(attributes[.posixPermissions] as? Int == 0o700, "\(name)")
      }
      #expect(daemon.end() == 0)
    }
  }

  /// The writer pauses for longer than the quiet time, first with the file open, then with the file closed in between.
  @Test func aHalfWrittenFileIsNotTaken() throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program, "--quiet", "1")
      let text = PipelineTests.lines(40)
      let half = text.utf8.count / 2 + 7
      let place = program.folder.appendingPathComponent("cohort/inbox/slow.jsonl")
      try Data().write(to: place)
      let file = try FileHandle(forWritingTo: place)
      try file.write(contentsOf: Data(text.utf8.prefix(half)))
      #if os(Linux)
        usleep(1_800_000)
        #expect(try daemon.events("ingested").isEmpty)
      #endif
      try file.write(contentsOf: Data(text.utf8.dropFirst(half)))
      try file.close()
      let event = try daemon.wait(for: "ingested", file: "slow.jsonl")
      #expect(event["inserted"] as? Int == 40)
      #expect(event["quarantined"] as? Int == 0)

      let other = PipelineTests.lines(40, from: 40)
      let appended = program.folder.appendingPathComponent("cohort/inbox/appended.jsonl")
      for line in other.split(separator: "\n") {
        if !program.exists("cohort/inbox/appended.jsonl") { try Data().write(to: appended) }
        let file = try FileHandle(forWritingTo: appended)
        try file.seekToEnd()
        try file.write(contentsOf: Data((line + "\n").utf8))
        try file.close()
        usleep(5_000)
      }
      try daemon.wait("both") { try program.samples() == 80 }
      #expect(try daemon.events("ingested", file: "appended.jsonl").count == 1)
      #expect(daemon.end() == 0)
    }
  }

  @Test func namesOfFilesInTheMakingAreLeftAlone() throws {
    try withProgram { program in
      try program.makeStore()
      try FileManager.default.createDirectory(
        at: program.folder.appendingPathComponent("cohort/inbox/a/b"), withIntermediateDirectories: true)
      let left = [".hidden.jsonl", "x.part", "x.jsonl.PART", "y.tmp", "z.jsonl~", "a/b/deep.jsonl"]
      for name in left { try program.write(PipelineTests.lines(5), to: "cohort/inbox/\(name)") }
      try program.write(PipelineTests.lines(7), to: "cohort/inbox/taken.jsonl")
      let (status, daemon) = try program.daemonOnce()
      #expect(status == 0, "\(daemon.log)")
      #expect(try program.samples() == 7)
      for name in left { #expect(program.exists("cohort/inbox/\(name)"), "\(name)") }
      #expect(try daemon.events("ignored", file: "a/b").count == 1)
    }
  }

  @Test func whatCannotBeReadGoesToFailedWithItsReason() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write("PAR1 no rows here PAR1", to: "cohort/inbox/a.parquet")
      try program.write("just words\n", to: "cohort/inbox/b.md")
      try program.write(PipelineTests.lines(200), to: "whole.jsonl")
      let cut = try program.shell("gzip -c whole.jsonl | head -c 900 > cohort/inbox/c.jsonl.gz")
      #expect(cut.status == 0, "\(cut)")
      try program.write(PipelineTests.lines(20, from: 900), to: "cohort/inbox/good.jsonl")
      let (status, daemon) = try program.daemonOnce()
      #expect(status == 1, "\(daemon.log)")
      #expect(program.names(in: "cohort/inbox/.done") == ["good.jsonl"])
      for (name, code) in [
        ("a.parquet", "ingestion.foreign-format"), ("b.md", "ingestion.not-a-table"),
        ("c.jsonl.gz", "ingestion.damaged-input"),
      ] {
        #expect(program.exists("cohort/inbox/.failed/\(name)"), "\(name)")
        let note =
          try JSONSerialization.jsonObject(
            with: Data(try program.read("cohort/inbox/.failed/\(name).error.json").utf8)) as? [String: Any]
        #expect(note?["code"] as? String == code, "\(note ?? [:])")
        #expect(note?["file"] as? String == name)
      }
      // What was read of the damaged file before it broke off is stored, and counted in the note.
      let note =
        try JSONSerialization.jsonObject(
          with: Data(try program.read("cohort/inbox/.failed/c.jsonl.gz.error.json").utf8)) as? [String: Any]
      #expect(try program.samples() == 20 + (note?["inserted"] as? Int ?? -1))
    }
  }

  @Test func badRecordsAreQuarantinedAndTheFileIsDone() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(PipelineTests.lines(10) + "{broken\n", to: "cohort/inbox/a.jsonl")
      let (status, daemon) = try program.daemonOnce()
      #expect(status == 6, "\(daemon.log)")
      #expect(try daemon.wait(for: "ingested")["quarantined"] as? Int == 1)
      #expect(program.names(in: "cohort/inbox/.done") == ["a.jsonl"])
    }
  }

  @Test func linksAndPipesAreRefused() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(PipelineTests.lines(30), to: "secret/outside.jsonl")
      let made = try program.shell(
        """
        mkdir -p cohort/inbox
        ln -s ../../secret/outside.jsonl cohort/inbox/link.jsonl
        ln -s ../../secret cohort/inbox/folder
        mkfifo cohort/inbox/pipe.jsonl
        """)
      #expect(made.status == 0, "\(made)")
      let (status, daemon) = try program.daemonOnce()
      #expect(status == 1, "\(daemon.log)")
      #expect(try program.samples() == 0)
      let codes = try daemon.events("file_failed").compactMap { $0["code"] as? String }
      #expect(codes == ["daemon.refused", "daemon.refused", "daemon.refused"], "\(daemon.log)")
      #expect(program.names(in: "secret") == ["outside.jsonl"])
    }
  }

  @Test func foldersNameTheTaskAndKeepFilesApart() throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program, "--task-from-folder")
      try FileManager.default.createDirectory(
        at: program.folder.appendingPathComponent("cohort/inbox/math"), withIntermediateDirectories: false)
      try program.drop(PipelineTests.lines(12), as: "cohort/inbox/math/a.jsonl")
      try daemon.wait(for: "ingested", file: "math/a.jsonl")
      try program.drop(PipelineTests.lines(12), as: "cohort/inbox/a.jsonl")
      try daemon.wait(for: "ingested", file: "a.jsonl")
      #expect(daemon.end() == 0)
      // Another folder is another source, so nothing of it is a duplicate.
      #expect(try program.samples() == 24)
      let first = try program.cohort("sample", "show", "0", "--format", "jsonl").jsonLines().first
      #expect(first?["task"] as? String == "math")
      #expect(first?["source"] as? String == "math/a.jsonl")
      #expect(program.names(in: "cohort/inbox/.done/math") == ["a.jsonl"])
    }
  }

  @Test func aNameThatComesAgainGetsANumber() throws {
    try withProgram { program in
      try program.makeStore()
      for round in 0..<4 {
        try program.write(PipelineTests.lines(5, from: round * 5), to: "cohort/inbox/day.jsonl")
        let (status, daemon) = try program.daemonOnce()
        #expect(status == 0, "\(daemon.log)")
      }
      #expect(
        program.names(in: "cohort/inbox/.done") == ["day.2.jsonl", "day.3.jsonl", "day.4.jsonl", "day.jsonl"])
      #expect(try program.samples() == 20)
    }
  }

  @Test func filesCanBeDeletedInstead() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(PipelineTests.lines(5), to: "cohort/inbox/a.jsonl")
      let (status, daemon) = try program.daemonOnce("--consume", "delete")
      #expect(status == 0, "\(daemon.log)")
      #expect(!program.exists("cohort/inbox/a.jsonl"))
      #expect(program.names(in: "cohort/inbox/.done").isEmpty)
      #expect(try program.samples() == 5)
    }
  }

  /// Vectors lie beside their records, and were put there first.
  @Test func vectorsBesideAFileBelongToIt() throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program)
      try Self.vectors(rows: 6).write(to: program.folder.appendingPathComponent("cohort/inbox/.v"))
      #expect(rename(program.folder.path + "/cohort/inbox/.v", program.folder.path + "/cohort/inbox/a.npy") == 0)
      try program.drop(PipelineTests.lines(6), as: "cohort/inbox/a.jsonl")
      #expect(try daemon.wait(for: "ingested", file: "a.jsonl")["embedded"] as? Int == 6)
      try daemon.wait("both put away") { program.names(in: "cohort/inbox").isEmpty }
      #expect(program.names(in: "cohort/inbox/.done") == ["a.jsonl", "a.npy"])

      try Self.vectors(rows: 5).write(to: program.folder.appendingPathComponent("cohort/inbox/.v"))
      #expect(rename(program.folder.path + "/cohort/inbox/.v", program.folder.path + "/cohort/inbox/b.npy") == 0)
      try program.drop(PipelineTests.lines(6, from: 6), as: "cohort/inbox/b.jsonl")
      #expect(try daemon.wait(for: "file_failed", file: "b.jsonl")["code"] as? String == "pipeline.rows")
      #expect(program.names(in: "cohort/inbox/.failed") == ["b.jsonl", "b.jsonl.error.json", "b.npy"])
      #expect(try program.samples() == 6)
      #expect(daemon.end() == 0)
    }
  }

  @Test func anInboxThatWasRemovedIsMadeAnew() throws {
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program)
      try FileManager.default.removeItem(at: program.folder.appendingPathComponent("cohort/inbox"))
      try daemon.wait("a new inbox") { program.exists("cohort/inbox/.done") }
      try program.drop(PipelineTests.lines(5), as: "cohort/inbox/a.jsonl")
      try daemon.wait(for: "ingested", file: "a.jsonl")
      #expect(daemon.end() == 0, "\(daemon.log)")
    }
  }

  /// `.npy` (version 1.0) of Float32 rows with four columns.
  private static func vectors(rows: Int) -> Data {
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), 4), }"
    while (header.utf8.count + 11) % 64 != 0 { header += " " }
    header += "\n"
    var data = Data([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, UInt8(header.utf8.count), 0])
    data.append(Data(header.utf8))
    for row in 0..<rows {
      for column in 0..<4 {
        withUnsafeBytes(of: Float(row % 3 == column ? 1 : 0.1).bitPattern.littleEndian) { data.append(contentsOf: $0) }
      }
    }
    return data
  }
}
