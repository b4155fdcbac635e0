import CohortSystem
import CohortTesting
import Foundation
import Testing

/// Commands that write while a daemon owns the store.
@Suite struct GuestTests {
  /// The commands of one flow, each with what it needs before it.
  private static let flow: [[String]] = [
    ["ingest", "data.jsonl", "--task-field", "kind", "--json"],
    ["grouping", "create", "topics", "--by", "embedding", "--groups", "3", "--json"],
    ["update", "--json"],
    ["length", "create", "words", "--unit", "words", "--json"],
    ["sample", "delete", "3", "5..<8", "--reason", "test", "--json"],
    ["sample", "relabel", "9", "--to-task", "other", "--json"],
    ["ingest", "more.jsonl", "--task-field", "kind", "--json"],
    ["update", "--json"],
    ["snapshot", "create", "monday", "--json"],
    [
      "plan", "create", "first", "--snapshot", "monday", "--grouping", "tasks", "--batch-size", "8", "--seed", "7",
      "--json",
    ],
    ["plan", "digest", "first", "--epochs", "2", "--json"],
    ["train", "--plan", "first", "--epochs", "1", "--checkpoint-every", "2", "--json"],
    ["run", "note", "far", "note.json", "--json"],
    ["map", "create", "overview", "--grouping", "topics", "--json"],
    ["map", "update", "overview", "--tail", "--json"], ["map", "draw", "overview", "map.html", "--json"],
    ["grouping", "drop", "lengths", "--json"],
    ["rebuild-catalog", "--json"],
    ["compact", "--json"],
    ["verify", "--replay", "--json"],
  ]

  /// What a command printed, without what differs from one run to the next: times, rates, folders, and how many log entries
  /// there were, which a plan's hash pins.
  private static func essence(_ output: String) -> String {
    output.replacing(/"(samples_per_second|created|seconds|log_sequence|plan_hash)":("[^"]*"|[^,}]*)/) {
      "\"\($0.1)\":0"
    }.replacing(/cohort-test-[0-9A-F-]+/, with: "folder")
  }

  private static func run(_ program: Program) throws -> [(Int32, String)] {
    try program.write(PipelineTests.lines(200), to: "data.jsonl")
    try program.write(PipelineTests.lines(60, from: 200), to: "more.jsonl")
    try program.write(
      #"{"plan":"first","epoch":0,"step":1,"steps":1,"samples":8,"tokens":90}"#, to: "note.json")
    return try flow.map { arguments in
      let result = try program.cohort(arguments)
      return (result.status, essence(result.output))
    }
  }

  @Test func everyWritingCommandEndsBesideADaemonAsWithoutOne() throws {
    var alone: [(Int32, String)] = []
    try withProgram { program in
      try program.makeStore()
      alone = try Self.run(program)
    }
    try withProgram { program in
      try program.makeStore()
      let daemon = try DaemonProcess(program)
      let beside = try Self.run(program)
      #expect(daemon.end() == 0, "\(daemon.log)")
      for (index, arguments) in Self.flow.enumerated() {
        #expect(beside[index].0 == alone[index].0, "\(arguments): \(beside[index].1)")
        // The daemon may have embedded, measured and grouped before the command came to it, and it logs what it does.
        let isShared = ["update", "rebuild-catalog", "compact", "length", "verify"].contains(arguments[0])
        if !isShared { #expect(beside[index].1 == alone[index].1, "\(arguments)") }
      }
      #expect(try program.cohort("verify", "--replay").status == 0)
    }
  }

  /// Several commands and the inbox at once: every sample is there once, and the groups are those of the log.
  @Test func commandsAndTheInboxWriteSideBySide() throws {
    try withProgram { program in
      try program.makeStore()
      #expect(try program.cohort("grouping", "create", "topics", "--by", "embedding").status == 0)
      let daemon = try DaemonProcess(program, "--task-field", "kind")
      let count = 300
      for part in 0..<6 {
        try program.write(PipelineTests.lines(count, from: part * count), to: "part-\(part).jsonl")
      }
      let running = try (0..<4).map { part in
        let process = try program.process(
          Program.executable("cohort"), ["ingest", "part-\(part).jsonl", "--task-field", "kind"])
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return process
      }
      for part in 4..<6 {
        try program.drop(PipelineTests.lines(count, from: part * count), as: "cohort/inbox/part-\(part).jsonl")
      }
      let snapshot = try program.cohort("snapshot", "create", "amid")
      #expect(snapshot.status == 0, "\(snapshot)")
      for process in running {
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
      }
      for part in 4..<6 { try daemon.wait(for: "ingested", file: "part-\(part).jsonl") }
      #expect(try program.samples() == 6 * count)
      #expect(try program.cohort("update").status == 0)
      #expect(daemon.end() == 0, "\(daemon.log)")
      let verified = try program.cohort("verify", "--replay", "--json")
      #expect(verified.status == 0, "\(verified)")
    }
  }

  /// A killed guest gives its turn back, and a killed daemon leaves the command a clear end. Both go on afterwards.
  @Test func eitherSideMayBeKilled() throws {
    try withProgram { program in
      try program.makeStore()
      let count = 40_000
      try program.write(PipelineTests.lines(count), to: "large.jsonl")
      func ingest() throws -> Process {
        let process = try program.process(Program.executable("cohort"), ["ingest", "large.jsonl", "--json"])
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
      }
      let daemon = try DaemonProcess(program, "--task-field", "kind")
      let first = try ingest()
      try daemon.wait("the first commit") { try program.samples() > 0 || !first.isRunning }
      kill(first.processIdentifier, SIGKILL)
      first.waitUntilExit()
      // The commit that the kill fell into may show a moment later.
      let acknowledged = try program.samples()
      try program.drop(PipelineTests.lines(5, from: 100_000), as: "cohort/inbox/a.jsonl")
      try daemon.wait(for: "ingested", file: "a.jsonl")
      let before = try program.samples() - 5
      #expect(before >= acknowledged)

      let second = try ingest()
      try daemon.wait("a commit more", seconds: 20) { try program.samples() > before + 5 || !second.isRunning }
      let isCut = second.isRunning
      #expect(daemon.end(by: SIGKILL) == -SIGKILL)
      second.waitUntilExit()
      if isCut { #expect([0, 5].contains(second.terminationStatus), "\(second.terminationStatus)") }
      let last = try program.cohort("ingest", "large.jsonl", "--json")
      #expect(last.status == 0, "\(last)")
      #expect(try program.samples() == count + 5)
      #expect(try program.cohort("verify").status == 0)
    }
  }

  /// A run that was cut on either side ends in the weights of one that was not.
  @Test(arguments: ["daemon", "train"])
  func trainingGoesOnAfterAKill(of victim: String) throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(PipelineTests.lines(3000), to: "data.jsonl")
      for arguments in [
        ["ingest", "data.jsonl", "--task-field", "kind"], ["update"], ["snapshot", "create", "s"],
        ["plan", "create", "p", "--snapshot", "s", "--grouping", "tasks", "--batch-size", "4"],
      ] { #expect(try program.cohort(arguments).status == 0) }
      let train = ["train", "--plan", "p", "--epochs", "2", "--checkpoint-every", "5", "--json"]
      func digest(_ output: String) -> String? {
        output.split(separator: "\n").last.flatMap { $0.firstMatch(of: /"weights_digest":"([0-9a-f]+)"/) }
          .map { String($0.1) }
      }
      let whole = try program.cohort(train + ["--run", "whole"])
      #expect(whole.status == 0)
      let daemon = try DaemonProcess(program)
      let process = try program.process(Program.executable("cohort"), train + ["--run", "cut"])
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      try daemon.wait("a checkpoint") {
        let info = try program.cohort("info", "--json").json() as? [String: Any]
        return (info?["runs"] as? [String])?.contains("cut") ?? false || !process.isRunning
      }
      if victim == "daemon" {
        daemon.end(by: SIGKILL)
      } else {
        kill(process.processIdentifier, SIGKILL)
      }
      process.waitUntilExit()
      let rest = try program.cohort(train + ["--run", "cut", "--resume"])
      #expect(rest.status == 0, "\(rest)")
      #expect(digest(rest.output) == digest(whole.output))
      #expect(digest(rest.output) != nil)
    }
  }

  #if os(Linux)
    /// A commit is there once its meta page is written, and readers learn of it a moment later. Who goes on with the work
    /// of a process that was killed in between sees that commit.
    @Test(.enabled(if: PreloadedLibrary.isPossible, "\(PreloadedLibrary.reason)"), arguments: [2, 5])
    func aCommitThatNobodyWasToldOfIsSeen(number: Int) throws {
      try withProgram { program in
        try program.makeStore()
        try program.write(PipelineTests.lines(300), to: "data.jsonl")
        for arguments in [
          ["ingest", "data.jsonl", "--task-field", "kind"], ["update"], ["snapshot", "create", "s"],
          ["plan", "create", "p", "--snapshot", "s", "--grouping", "tasks", "--batch-size", "4"],
        ] { #expect(try program.cohort(arguments).status == 0) }
        let shim = try PreloadedLibrary.build(Self.killsInCommit, in: program.folder.path)
        let train = ["train", "--plan", "p", "--epochs", "1", "--checkpoint-every", "5", "--run", "cut", "--json"]
        let daemon = try DaemonProcess(program)
        let cut = try program.run(
          Program.executable("cohort"), train, environment: ["LD_PRELOAD": shim, "KILL_AT": String(number)])
        #expect(cut.isSignal && cut.status == SIGKILL, "\(cut)")
        let rest = try program.cohort(train + ["--resume"])
        #expect(rest.status == 0, "\(rest)")
        // The first commit makes the run; each one after it is a checkpoint, that of the kill, too.
        #expect(rest.output.contains("\"resumed_from\":{\"epoch\":0,\"step\":\(5 * (number - 1))}"), "\(rest)")
        #expect(daemon.end() == 0)
      }
    }

    /// Ends the process when it has written a meta page for the n-th time, before it can say so to readers.
    private static let killsInCommit = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <signal.h>
      #include <stdatomic.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <unistd.h>

      static atomic_int calls;

      ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
        static __typeof__(&pwrite) real;
        if (!real) real = (__typeof__(&pwrite))dlsym(RTLD_NEXT, "pwrite");
        ssize_t written = real(fd, bytes, count, at);
        char link[64], path[512];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, path, sizeof path - 1);
        path[n < 0 ? 0 : n] = 0;
        if (strstr(path, "/data.mdb") && at < 8192 && count < 1024 && ++calls == atoi(getenv("KILL_AT")))
          kill(getpid(), SIGKILL);
        return written;
      }

      ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) { return pwrite(fd, bytes, count, at); }

      """
  #endif

  /// Only a daemon that owns the store and does not answer is a new way to end: 5.
  @Test func aDaemonThatDoesNotAnswerIsSaid() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(PipelineTests.lines(5), to: "data.jsonl")
      let daemon = try DaemonProcess(program)
      try halt(daemon.process.processIdentifier)
      let result = try program.cohort("ingest", "data.jsonl", "--json")
      kill(daemon.process.processIdentifier, SIGCONT)
      #expect(result.status == 5, "\(result)")
      #expect(result.output.contains("store.owner-silent"), "\(result)")
      #expect(daemon.end() == 0)
    }
  }
}
