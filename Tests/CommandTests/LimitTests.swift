import CohortTesting
import Foundation
import Testing

/// Limits of the system that are met in the midst of work: an error that says so, and nothing left behind.
@Suite struct LimitTests {
  /// For shell scripts: runs a program with no signal blocked, as a user's shell does. The threads that run tests block most, and
  /// what they start inherits it.
  static let free = """
    free() {
      exec python3 -c 'import os, signal, sys
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.execvp(sys.argv[1], sys.argv[1:])' "$@"
    }
    """

  private static func prepared(_ program: Program) throws {
    try program.write(PipelineTests.lines(2000), to: "data.jsonl")
    let result = try program.shell("cohort init && cohort ingest data.jsonl")
    try #require(result.status == 0, "\(result)")
  }

  @Test(arguments: ["messages", "alpaca"]) func anExportOverTheLimitOfFilesIsAFullDisk(layout: String) throws {
    try withProgram { program in
      try Self.prepared(program)
      // The signal of that limit is not the end.
      let result = try program.shell("ulimit -f 20; cohort export --as \(layout) out.jsonl --json")
      #expect(result.status == 75 && !result.isSignal, "\(result)")
      #expect(try result.error()["code"] as? String == "pipeline.disk-full")
      #expect(result.errors.contains("The disk is full"), "\(result)")
      #expect(!program.names(in: ".").contains { $0.hasPrefix("out.jsonl") }, "\(program.names(in: "."))")
    }
  }

  /// LMDB says of a write that ended short that the disk reported an error; what stopped it can be seen.
  @Test func aStoreOverTheLimitOfFilesIsAFullDisk() throws {
    try withProgram { program in
      try Self.prepared(program)
      try program.write(PipelineTests.lines(20_000), to: "more.jsonl")
      let blocks = try #require(Int(try program.shell("stat -c %s cohort/data.mdb").output.dropLast())) / 1024 + 100
      let result = try program.shell("ulimit -f \(blocks); cohort ingest more.jsonl --json")
      #expect(result.status == 75 && !result.isSignal, "\(result)")
      #expect(try result.error()["code"] as? String == "lmdb.disk-full", "\(result)")
      #expect(try result.error()["cause"] as? String == "File too large", "\(result)")
      #expect(try program.cohort("verify").status == 0)
    }
  }

  @Test(.enabled(if: TemporaryDisk.isPossible, "\(TemporaryDisk.reason)"))
  func anExportOntoAFullDiskLeavesNothing() throws {
    try withProgram { program in
      try Self.prepared(program)
      let disk = try TemporaryDisk(megabytes: 1, at: program.folder.appendingPathComponent("disk").path)
      defer { disk.remove() }
      let result = try program.shell(
        "head -c 1000000 /dev/zero > disk/full; cohort export --as messages disk/out.jsonl --json")
      #expect(result.status == 75, "\(result)")
      #expect(try result.error()["code"] as? String == "pipeline.disk-full")
      #expect(program.names(in: "disk") == ["full"])
    }
  }

  /// A library that makes an export wait behind its first piece until there is a file `GO`. - Returns: its path.
  static func waitingExport(_ program: Program) throws -> String {
    let source = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <unistd.h>
      ssize_t write(int file, const void *bytes, size_t count) {
        ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
        ssize_t written = real(file, bytes, count);
        char link[64], name[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t size = readlink(link, name, sizeof name - 1);
        name[size < 0 ? 0 : size] = 0;
        if (strstr(name, ".part-")) while (access(getenv("GO"), F_OK) != 0) usleep(1000);
        return written;
      }
      """
    return try PreloadedLibrary.build(source, in: program.folder.path)
  }

  @Test(.enabled(if: PreloadedLibrary.isPossible, "\(PreloadedLibrary.reason)"), arguments: [SIGTERM, SIGHUP])
  func anExportThatIsEndedLeavesNothing(number: Int32) throws {
    try withProgram { program in
      try Self.prepared(program)
      let library = try Self.waitingExport(program)
      let result = try program.shell(
        """
        \(Self.free)
        LD_PRELOAD=\(library) GO=go free cohort export --as messages out.jsonl > /dev/null & command=$!
        until [ -s out.jsonl.part-$command ] || ! kill -0 $command 2> /dev/null; do sleep 0.01; done
        kill -\(number) $command
        touch go
        wait $command; code=$?
        ls -A | grep out.jsonl
        exit $code
        """)
      #expect(result.status == 128 + number && result.output.isEmpty, "\(result)")
    }
  }

  /// The name of a file that is there is as durable as its content: the folder is synchronised behind it.
  @Test(.enabled(if: PreloadedLibrary.isPossible, "\(PreloadedLibrary.reason)"))
  func anExportIsThereAfterAPowerCut() throws {
    try withProgram { program in
      try Self.prepared(program)
      let library = try PreloadedLibrary.build(
        """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/stat.h>
        #include <unistd.h>
        static void note(const char *word) { dprintf(open(getenv("CALLS"), O_WRONLY | O_CREAT | O_APPEND, 0600), "%s", word); }
        int fsync(int file) {
          int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
          struct stat status;
          if (fstat(file, &status) == 0) note(S_ISDIR(status.st_mode) ? "folder " : "file ");
          return real(file);
        }
        int rename(const char *from, const char *to) {
          int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
          note("name ");
          return real(from, to);
        }
        """, in: program.folder.path)
      let result = try program.shell(
        "LD_PRELOAD=\(library) CALLS=$PWD/calls cohort export --as messages out.jsonl --json")
      #expect(result.status == 0, "\(result)")
      let calls = try program.read("calls")
      #expect(calls.hasPrefix("file name folder "), "\(calls)")
    }
  }

  @Test(arguments: [12, 16, 24, 40]) func tooFewOpenFilesAreAnError(limit: Int) throws {
    try withProgram { program in
      try program.makeStore("a")
      try program.makeStore("b")
      for stores in ["--store a", "--store a --store b"] {
        let result = try program.shell("ulimit -n \(limit); exec timeout 20 cohortd \(stores) --log-format json")
        #expect(result.status == 1 && !result.isSignal, "\(result)")
        #expect(result.errors.contains("system.open-files") && result.errors.contains("ulimit -n"), "\(result)")
      }
    }
  }

  @Test func labelsHaveALimit() throws {
    try withProgram { program in
      let long = String(repeating: "x", count: 1025)
      try program.write(
        #"{"prompt":"a","response":"b","task":"\#(long)"}"# + "\n"
          + #"{"prompt":"c","response":"d","task":"\#(long.dropLast())"}"# + "\n", to: "data.jsonl")
      try #require(try program.cohort("init").status == 0)
      let result = try program.cohort("ingest", "data.jsonl", "--json")
      #expect(result.status == 6, "\(result)")
      let report = try #require(try result.json() as? [String: Any])
      #expect(report["inserted"] as? Int == 1 && report["reasons"] as? [String: Int] == ["label-too-long": 1])
      for words in [
        ["ingest", "data.jsonl", "--task", long], ["ingest", "data.jsonl", "--source", long],
        ["sample", "relabel", "0", "--to-task", long],
      ] {
        let refused = try program.cohort(words)
        #expect(refused.status == 2 && refused.errors.contains("1024"), "\(refused)")
      }
      #expect(try program.samples() == 1)
    }
  }

  /// A name that leaves no room for what is put behind it.
  @Test func filesWithLongNamesArePutAway() throws {
    try withProgram { program in
      try program.makeStore()
      let names = [String(repeating: "é", count: 124) + ".jsonl", String(repeating: "m", count: 254)]
      try FileManager.default.createDirectory(
        at: program.folder.appendingPathComponent("cohort/inbox"), withIntermediateDirectories: true)
      // The second time the names are taken.
      for _ in 0..<2 {
        for name in names {
          let place = program.folder.appendingPathComponent("cohort/inbox/\(name)")
          try Data("{broken\n".utf8).write(to: place)
        }
        let daemon = try DaemonProcess(program, ["--store", "cohort", "--once"], waitingFor: nil)
        daemon.process.waitUntilExit()
        #expect(daemon.process.terminationStatus == 1, "\(daemon.log)")
        #expect(try daemon.events("not_put_away").isEmpty, "\(daemon.log)")
        #expect(program.names(in: "cohort/inbox").isEmpty)
      }
      let failed = program.names(in: "cohort/inbox/.failed")
      #expect(failed.count == 8 && failed.count { $0.hasSuffix(".error.json") } == 4, "\(failed)")
    }
  }

  /// The process that reads for `verify` does not outlive it, and keeps no lock.
  @Test func aVerificationThatIsKilledLeavesNoProcess() throws {
    try withProgram { program in
      try program.write(PipelineTests.lines(20_000), to: "data.jsonl")
      try #require(try program.shell("cohort init && cohort ingest data.jsonl").status == 0)
      let result = try program.shell(
        """
        cohort verify --repair > out 2>&1 & command=$!
        # Once it has the store open it is one that ends with its parent. Stopped, it does so by the system's hand alone.
        until child=$(pgrep -P $command) && grep -q data.mdb /proc/$child/maps 2> /dev/null && kill -STOP $child; do
          kill -0 $command 2> /dev/null || exit 99
        done
        kill -KILL $command
        for i in $(seq 500); do
          [ -e /proc/$child ] && ! grep -q '^State:.Z' /proc/$child/status 2> /dev/null || exit 0
          sleep 0.02
        done
        kill -KILL $child
        exit 1
        """)
      #expect(result.status == 0, "\(result)")
      #expect(try program.cohort("verify", "--repair").status == 0)
    }
  }
}
