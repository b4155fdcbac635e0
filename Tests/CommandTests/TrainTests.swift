import CohortTesting
import Foundation
import Testing
import CohortSystem

/// Training runs that are interrupted and killed end in the same weights.
@Suite struct TrainTests {
  /// Enough steps that a run is still on its way when a signal comes, in either build.
  #if DEBUG
    private static let epochs = 2
  #else
    private static let epochs = 16
  #endif
  private static let stepsPerEpoch = 21
  private static let train = ["train", "--plan", "first", "--epochs", "\(epochs)", "--checkpoint-every", "5", "--json"]

  private func digest(_ result: Program.Result) throws -> String {
    let last = try #require(try result.jsonLines().last, "\(result)")
    return try #require(last["weights_digest"] as? String, "\(result)")
  }

  @Test func linesAreStepsAndTheLastSaysTheWeights() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let result = try program.shell("cohort \(Self.train.joined(separator: " "))")
      #expect(result.status == 0, "\(result)")
      let lines = try result.jsonLines()
      #expect(lines.count == Self.epochs * Self.stepsPerEpoch + 1)
      let steps = lines.dropLast().compactMap { $0["step"] as? Int }
      #expect(steps == (0..<Self.epochs).flatMap { _ in 0..<Self.stepsPerEpoch })
      #expect(lines.dropLast().allSatisfy { $0["loss"] is Double && $0["weights_digest"] == nil })
      #expect(lines.last?["finished"] as? Bool == true)
      let again = try program.shell("cohort \(Self.train.joined(separator: " ")) --run other")
      #expect(try digest(result) == digest(again))
      let taken = try program.shell("cohort \(Self.train.joined(separator: " ")) --run other")
      #expect(taken.status == 2)
      #expect(try taken.error()["code"] as? String == "cli.run-exists")
    }
  }

  /// Starts a run, waits for some lines of output and sends a signal.
  private func stopped(
    _ program: Program, _ arguments: [String], after lines: Int, by signal: Int32
  ) throws -> (status: Int32, isSignal: Bool, output: String) {
    let file = program.folder.appendingPathComponent("output")
    try Data().write(to: file)
    // Whoever runs the tests in the background may have SIGINT ignored, and children inherit that.
    let process = try program.process(
      URL(fileURLWithPath: "/usr/bin/env"), ["--default-signal=INT", "cohort"] + arguments)
    process.standardOutput = try FileHandle(forWritingTo: file)
    process.standardError = FileHandle.nullDevice
    try process.run()
    _ = try isReached { try !process.isRunning || program.read("output").count { $0 == "\n" } >= lines }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    return (process.terminationStatus, process.terminationReason == .uncaughtSignal, try program.read("output"))
  }

  @Test func killedTwiceAndResumedGivesTheSameWeights() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let calm = try program.shell("cohort \(Self.train.joined(separator: " ")) --run calm")
      let stormy = Self.train + ["--run", "stormy"]
      #expect(try stopped(program, stormy, after: 13, by: SIGKILL).isSignal)
      #expect(try stopped(program, stormy + ["--resume"], after: 9, by: SIGKILL).isSignal)
      let end = try program.shell("cohort \(stormy.joined(separator: " ")) --resume")
      #expect(end.status == 0, "\(end)")
      #expect(try digest(end) == digest(calm))
      #expect(try end.jsonLines().last?["resumed_from"] is [String: Any])
    }
  }

  @Test func anInterruptedRunKeepsACheckpointAndExitsWith130() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let calm = try program.shell("cohort \(Self.train.joined(separator: " ")) --run calm")
      let arguments = ["train", "--plan", "first", "--epochs", "\(Self.epochs)", "--run", "r", "--json"]
      let interrupted = try stopped(program, arguments, after: 7, by: SIGINT)
      #expect(interrupted.status == 130 && !interrupted.isSignal, "\(interrupted)")
      #expect(interrupted.output.contains(#""category":"interrupted""#), "\(interrupted)")
      let end = try program.shell("cohort \(arguments.joined(separator: " ")) --resume")
      #expect(try digest(end) == digest(calm))
      let resumed = try #require(try end.jsonLines().last?["resumed_from"] as? [String: Any])
      #expect(
        (resumed["step"] as? Int ?? 0) + Self.stepsPerEpoch * (resumed["epoch"] as? Int ?? 0) >= 7,
        "no step is done twice")
    }
  }

  @Test func aSecondWriterIsToldToTryAgain() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let file = program.folder.appendingPathComponent("output")
      try Data().write(to: file)
      let first = try program.process(
        Program.executable("cohort"), ["train", "--plan", "first", "--epochs", "500", "--json"])
      first.standardOutput = try FileHandle(forWritingTo: file)
      try first.run()
      _ = try isReached { try !first.isRunning || !program.read("output").isEmpty }
      let second = try program.cohort("grouping", "create", "b", "--by", "task", "--json")
      let reader = try program.cohort("info", "--json")
      kill(first.processIdentifier, SIGKILL)
      first.waitUntilExit()
      #expect(second.status == 75, "\(second)")
      #expect(try second.error()["code"] as? String == "store.owned")
      #expect(reader.status == 0, "readers are never kept out")
      #expect(try program.cohort("grouping", "create", "b", "--by", "task").status == 0, "the lock dies with its owner")
    }
  }
}
