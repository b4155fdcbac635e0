import CohortTesting
import Foundation
import Synchronization
import Testing

#if os(Linux)
  /// A disk that fails: the n-th write or sync of the store's file fails, once or from then on, because there is no room,
  /// because of an I/O error, or after half of the bytes. What was acknowledged stays, and the store goes on when the disk
  /// does.
  ///
  /// The failing disk is a library that is loaded before all others and stands before the C library's calls.
  /// 100 faults; with `COHORT_TORTURE` set 10,000. `COHORT_SEED` replays.
  @Suite struct FaultTests {
    private static let seed = Torture.seed
    private static let cases = Torture.cases(100, tortured: 10_000)
    private static let workers = 3

    private static let data = Checkout.quickstartData
    private static let ingest = ["ingest", "\(data)/gsm8k", "--embeddings", "\(data)/gsm8k.npy", "--json"]

    @Test(.enabled(if: PreloadedLibrary.isPossible, "\(PreloadedLibrary.reason)"))
    func aFailingDiskLosesNothingThatWasAcknowledged() throws {
      try withProgram { program in
        let shim = try PreloadedLibrary.build(Self.shimSource, in: program.folder.path)
        // Two states to begin with: an empty store, and one in which nothing is grouped yet.
        let empty = FaultyStore(program: program, name: "empty")
        try #require(try empty.run(["init"]).status == 0)
        try #require(try empty.run(["grouping", "create", "g", "--by", "length", "--quantiles", "5"]).status == 0)
        let full = try empty.copy("full")
        try #require(try full.run(Self.ingest).status == 0)
        let calm = try full.copy("calm")
        try #require(try calm.run(["update"]).status == 0)
        let expected = try calm.content()
        let problems = Mutex<[String]>([])
        let failures = Atomic(0)
        let next = Atomic(0)
        TestThreads.run(Self.workers) { worker in
          while true {
            let number = next.add(1, ordering: .relaxed).oldValue
            guard number < Self.cases else { return }
            var random = TestRandom(seed: Self.seed &+ UInt64(number))
            let ingests = random.below(2) == 0
            let kind = ["full", "io", "short"][random.below(3)]
            // An update of so small a store commits its rounds together: it writes and syncs only a few times.
            let fault = [
              "LD_PRELOAD": shim, "FAULT_KIND": kind, "FAULT_AT": String(1 + random.below(ingests ? 40 : 8)),
              "FAULT_STAYS": random.below(2) == 0 ? "1" : "0",
            ]
            let what = "seed \(Self.seed), case \(number), \(fault.filter { $0.key != "LD_PRELOAD" })"
            do {
              let store = try (ingests ? empty : full).copy("faulty-\(worker)")
              let failed = try store.weather(
                fault, work: ingests ? Self.ingest : ["update"], ingest: Self.ingest, expected: expected
              ) { problem in
                problems.withLock { $0.append("\(what): \(problem)") }
              }
              if failed { failures.add(1, ordering: .relaxed) }
            } catch {
              problems.withLock { $0.append("\(what): \(error)") }
            }
          }
        }
        for problem in problems.withLock({ $0 }) { Issue.record("\(problem)") }
        #expect(failures.load(ordering: .relaxed) > Self.cases / 3, "seed \(Self.seed): hardly a fault was met")
      }
    }

    private static let shimSource = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <errno.h>
      #include <stdatomic.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <sys/uio.h>
      #include <unistd.h>

      static atomic_int calls;

      /* 0: go on. Else the errno to fail with; -1 for a short write. */
      static int fault(int fd) {
        char link[64], path[512];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, path, sizeof path - 1);
        if (n < 0) return 0;
        path[n] = 0;
        if (!strstr(path, "/data.mdb")) return 0;
        int at = atoi(getenv("FAULT_AT")), call = ++calls;
        if (call < at || (call > at && getenv("FAULT_STAYS")[0] != '1')) return 0;
        const char *kind = getenv("FAULT_KIND");
        return !strcmp(kind, "full") ? ENOSPC : !strcmp(kind, "io") ? EIO : -1;
      }

      #define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

      ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
        REAL(pwrite);
        int why = fault(fd);
        if (why > 0) { errno = why; return -1; }
        return real(fd, bytes, why < 0 ? count / 2 : count, at);
      }

      ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) { return pwrite(fd, bytes, count, at); }

      ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
        REAL(pwritev);
        int why = fault(fd);
        if (why > 0) { errno = why; return -1; }
        if (why < 0) return pwrite(fd, parts[0].iov_base, parts[0].iov_len, at);
        return real(fd, parts, count, at);
      }

      ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
        return pwritev(fd, parts, count, at);
      }

      ssize_t writev(int fd, const struct iovec *parts, int count) {
        REAL(writev);
        int why = fault(fd);
        if (why > 0) { errno = why; return -1; }
        if (why < 0) return write(fd, parts[0].iov_base, parts[0].iov_len / 2);
        return real(fd, parts, count);
      }

      int fdatasync(int fd) {
        REAL(fdatasync);
        int why = fault(fd);
        if (why) { errno = why > 0 ? why : EIO; return -1; }
        return real(fd);
      }

      int fsync(int fd) {
        REAL(fsync);
        int why = fault(fd);
        if (why) { errno = why > 0 ? why : EIO; return -1; }
        return real(fd);
      }

      """
  }

  private struct FaultyStore: Sendable {
    let program: Program
    let name: String

    func copy(_ other: String) throws -> FaultyStore {
      let target = program.folder.appendingPathComponent(other)
      try? FileManager.default.removeItem(at: target)
      try FileManager.default.copyItem(at: program.folder.appendingPathComponent(name), to: target)
      return FaultyStore(program: program, name: other)
    }

    func run(_ words: [String], _ environment: [String: String] = [:]) throws -> Program.Result {
      let quoted = words.map { "'\($0)'" }.joined(separator: " ")
      return try program.shell(
        "exec cohort \(quoted)", environment: environment.merging(["COHORT_STORE": name]) { $1 })
    }

    /// Works on a failing disk, then on a whole one. - Returns: whether anything failed.
    func weather(
      _ fault: [String: String], work: [String], ingest: [String], expected: String, _ problem: (String) -> Void
    ) throws -> Bool {
      let result = try run(work, fault)
      if result.isSignal || ![0, 1, 75].contains(result.status) { problem("\(work[0]): \(result)") }
      let verified = try run(["verify"])
      if verified.status != 0 { problem("\(verified)") }
      let again = try run(ingest)
      let counts = try again.json() as? [String: Any]
      if result.status == 0 || work != ingest, counts?["inserted"] as? Int != 0 {
        problem("samples were lost: \(again)")
      }
      if try run(["update"]).status != 0 { problem("the update does not go on") }
      if try content() != expected { problem("the content is another one") }
      return result.status != 0
    }

    /// Which samples are in which group: any difference shows.
    func content() throws -> String {
      let snapshot = try run(["snapshot", "create", "all", "--json"])
      let digest = (try snapshot.json() as? [String: Any])?["digest"] as? String
      return try #require(digest, "\(snapshot)") + (try run(["group", "list", "--grouping", "g", "--json"]).output)
    }
  }
#endif
