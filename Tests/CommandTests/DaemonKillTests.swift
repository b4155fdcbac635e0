import Foundation
import Testing
import CohortSystem
import CohortTesting

/// SIGKILL at random moments while files come in: in the end all is as if nothing had happened.
@Suite struct DaemonKillTests {
  /// More with `COHORT_TORTURE=cycles`.
  private static let cycles = Torture.number ?? 10

  private static func file(_ number: Int) -> (name: String, text: String) {
    let name = String(repeating: "0", count: 5 - "\(number)".count) + "\(number).jsonl"
    // Some files are small, some take several commits' worth of time.
    let size = number % 7 == 3 ? 4_000 : 40 + number % 90
    return (name, PipelineTests.lines(size, from: number * 10_000))
  }

  /// All files are renamed in, so none has to settle: one that the first look finds young would be overtaken by the next,
  /// and ids would follow another order than in the calm store.
  private static let options = ["--task-field", "kind", "--quiet", "0"]

  @Test func killsLoseNothingAndDoubleNothing() throws {
    let seed = Torture.seed
    var random = TestRandom(seed: seed)
    try withProgram { program in
      for store in ["killed", "calm"] {
        try program.makeStore(store)
        try FileManager.default.createDirectory(
          at: program.folder.appendingPathComponent("\(store)/inbox"), withIntermediateDirectories: true)
      }
      var dropped = 0
      var kills = 0
      for _ in 0..<Self.cycles {
        let daemon = try DaemonProcess(
          program, ["--store", "killed"] + Self.options, waitingFor: random.next() % 4 == 0 ? nil : "ready")
        let end = Date().addingTimeInterval(Double(random.next() % 400) / 1000)
        while Date() < end {
          let (name, text) = Self.file(dropped)
          try program.drop(text, as: "killed/inbox/\(name)")
          dropped += 1
          usleep(UInt32(random.next() % 60_000))
        }
        #expect(daemon.process.isRunning, "seed \(seed): it ended by itself\n\(daemon.log)")
        #expect(daemon.end(by: SIGKILL) == -SIGKILL, "seed \(seed)")
        kills += 1
      }
      let (status, last) = try program.daemonOnce("--store", "killed", "--task-field", "kind")
      #expect(status == 0, "seed \(seed): \(last.log)")
      let names = (0..<dropped).map { Self.file($0).name }
      #expect(program.names(in: "killed/inbox/.done") == names, "seed \(seed)")
      #expect(program.names(in: "killed/inbox").isEmpty, "seed \(seed)")

      for number in 0..<dropped {
        let (name, text) = Self.file(number)
        try program.drop(text, as: "calm/inbox/\(name)")
      }
      let (calmStatus, calm) = try program.daemonOnce("--store", "calm", "--task-field", "kind")
      #expect(calmStatus == 0, "seed \(seed): \(calm.log)")

      let expected = (0..<dropped).reduce(0) { $0 + Self.file($1).text.split(separator: "\n").count }
      #expect(try program.samples("calm") == expected)
      #expect(try program.samples("killed") == expected, "seed \(seed), \(kills) kills")
      #expect(try Self.content(program, "killed") == Self.content(program, "calm"), "seed \(seed), \(kills) kills")
      #expect(try Self.digests(last) == Self.digests(calm), "seed \(seed), \(kills) kills")
      #expect(try Self.groups(program, "killed") == Self.groups(program, "calm"), "seed \(seed), \(kills) kills")
    }
  }

  /// All samples in the order of their ids.
  private static func content(_ program: Program, _ store: String) throws -> [String] {
    let count = try program.samples(store)
    let shown = try program.cohort("sample", "show", "0..<\(count)", "--store", store, "--format", "jsonl")
    // The store's folder is part of a sample's origin.
    return shown.output.replacingOccurrences(of: "/\(store)/", with: "/").split(separator: "\n").map(String.init)
  }

  private static func groups(_ program: Program, _ store: String) throws -> [String] {
    try ["tasks", "lengths"].map {
      try program.cohort("group", "list", "--grouping", $0, "--store", store, "--json").output
    }
  }

  /// The states of the engines, as the last update tells them.
  private static func digests(_ daemon: DaemonProcess) throws -> [String: String] {
    var found: [String: String] = [:]
    for event in try daemon.events("updated") {
      if let grouping = event["grouping"] as? String { found[grouping] = event["digest"] as? String }
    }
    return found
  }
}
