#if os(Linux)
  import Foundation
  import Testing
  import CohortSystem
  import CohortTesting

  /// A disk that reports errors, or hangs, when commits are synchronised, by a library loaded before all others.
  @Suite struct DaemonFaultTests {
    /// `fdatasync` of the store's file fails while the file `FAULT` is there; it takes the file away unless `FAULT.stays` is
    /// there. While `FAULT.hangs` is there it renames that to `FAULT.hung`, and takes a minute.
    private static let library = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <errno.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <unistd.h>
      int fdatasync(int descriptor) {
        int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
        const char *fault = getenv("FAULT");
        char stays[4096], hangs[4096], hung[4096], link[64], path[4096];
        if (!fault) return next(descriptor);
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t length = readlink(link, path, sizeof path - 1);
        path[length < 0 ? 0 : length] = 0;
        if (!strstr(path, "/data.mdb")) return next(descriptor);
        strcat(strcpy(hangs, fault), ".hangs");
        strcat(strcpy(hung, fault), ".hung");
        if (rename(hangs, hung) == 0) sleep(60);
        if (access(fault, F_OK) != 0) return next(descriptor);
        strcat(strcpy(stays, fault), ".stays");
        if (access(stays, F_OK) != 0) unlink(fault);
        errno = EIO;
        return -1;
      }
      """

    /// A daemon on a disk that obeys the files `fault…` in the folder of `program`.
    private static func daemon(_ program: Program) throws -> DaemonProcess {
      let library = try PreloadedLibrary.build(Self.library, in: program.folder.path)
      return try DaemonProcess(
        program, ["--task-field", "kind"], waitingFor: "ready",
        environment: ["LD_PRELOAD": library, "FAULT": program.folder.path + "/fault"])
    }

    /// However long a commit takes: one signal ends the process within ten seconds, a second one at once.
    @Test(.enabled(if: PreloadedLibrary.isPossible, "\(PreloadedLibrary.reason)"), arguments: [1, 2])
    func aDiskThatHangsDoesNotKeepItAlive(signals: Int) throws {
      try withProgram { program in
        try program.makeStore()
        let daemon = try Self.daemon(program)
        try daemon.wait(for: "readers")
        try program.write("", to: "fault.hangs")
        try program.drop(PipelineTests.lines(50), as: "cohort/inbox/a.jsonl")
        try daemon.wait("a commit that hangs") { program.exists("fault.hung") }
        let started = Date()
        if signals == 2 {
          kill(daemon.process.processIdentifier, SIGTERM)
          try daemon.wait(for: "stopping")
        }
        #expect(daemon.end() == (signals == 2 ? 128 + SIGTERM : 0), "\(daemon.log)")
        #expect(Date().timeIntervalSince(started) < (signals == 2 ? 5 : 10))
        #expect(try daemon.events(signals == 2 ? "stopped_at_once" : "stopped_by_deadline").count == 1)
        let (status, again) = try program.daemonOnce("--task-field", "kind")
        #expect(status == 0, "\(again.log)")
        #expect(try program.samples() == 50)
        #expect(program.names(in: "cohort/inbox/.done") == ["a.jsonl"])
      }
    }

    /// The first error makes it open the store anew and go on; a second one in a row makes it give up, and nothing that
    /// was acknowledged is lost either way.
    @Test(.enabled(if: PreloadedLibrary.isPossible, "\(PreloadedLibrary.reason)"))
    func anErrorOfTheDiskReopensTheStoreOnce() throws {
      try withProgram { program in
        try program.makeStore()
        let daemon = try Self.daemon(program)
        try daemon.wait(for: "readers")

        try program.write("", to: "fault")
        try program.drop(PipelineTests.lines(50), as: "cohort/inbox/a.jsonl")
        try daemon.wait(for: "reopened")
        #expect(try daemon.wait(for: "ingested", file: "a.jsonl")["inserted"] as? Int == 50)
        try daemon.wait("a group of each task") { try daemon.events("updated").contains { $0["groups"] as? Int == 3 } }

        try program.write("", to: "fault.stays")
        try program.write("", to: "fault")
        try program.drop(PipelineTests.lines(50, from: 50), as: "cohort/inbox/b.jsonl")
        daemon.process.waitUntilExit()
        #expect(daemon.process.terminationStatus == 1, "\(daemon.log)")
        #expect(try daemon.wait(for: "gave_up")["code"] as? String == "lmdb.io")
        #expect(program.names(in: "cohort/inbox") == ["b.jsonl"])

        let (status, again) = try program.daemonOnce("--task-field", "kind")
        #expect(status == 0, "\(again.log)")
        #expect(try program.samples() == 100)
        #expect(program.names(in: "cohort/inbox/.done") == ["a.jsonl", "b.jsonl"])
      }
    }
  }
#endif
