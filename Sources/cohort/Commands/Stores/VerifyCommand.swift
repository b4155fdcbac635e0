import ArgumentParser
import CohortActions

/// `cohort verify`
struct VerifyCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read everything that is stored, and say what is damaged.",
    discussion: examples(
      "cohort verify", "cohort verify --repair --dry-run", "cohort verify --repair", "cohort verify --replay",
      "cohort verify --replay --grouping topics",
      text: """
        The store is read by a process of its own, because a damaged file can end the process that reads it. The models \
        and tokenizers that the store needs are compared with the hashes that it knows. Repairs \
        mend what can be computed from the rest, and throw nothing away. What is damaged beyond that has to come from \
        a backup. --replay also makes each grouping anew in memory from the log, round by round, and compares digests, \
        groups and assignments; and each selection from its snapshot. The exit code is 4 when anything is damaged or different.
        """))

  @Flag(help: "Mend what can be computed from the rest.") var repair = false
  @Flag(help: "With --repair: say what would be mended, and change nothing.") var dryRun = false
  @Flag(help: "Make each grouping anew from the log, and compare it with what is stored.") var replay = false
  @Option(
    help: ArgumentHelp("With --replay: only this grouping.", valueName: "name"), completion: StoreNames.groupings)
  var grouping: String?
  @Flag(help: .hidden) var inProcess = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if dryRun, !repair { throw ValidationError("--dry-run goes with --repair.") }
    if grouping != nil, !replay { throw ValidationError("--grouping goes with --replay.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    guard inProcess else { return try supervise(session) }
    ChildProcess.endWithParent()
    let action = VerifyAction(repairs: repair, isDryRun: dryRun, replays: replay, grouping: grouping)
    let report = try session.perform(action) { try action.run(on: $0, $1) }
    return try session.finish(report) {
      if session.output.format == .table {
        try printText(report, session.output)
      } else {
        try session.output.record(report.record)
      }
    }
  }

  /// Runs this very command in a process of its own, and outlives its death.
  private func supervise(_ session: Session) throws -> Outcome {
    // Not even opened here: that reads the file, too.
    switch try ChildProcess.runSelf(adding: ["--in-process"]) {
    case .exited(let code): return .exited(code)
    case .signaled(let signal): throw VerifyReport.ended(by: signal, reading: session.storePath)
    }
  }

  private func printText(_ report: VerifyReport, _ output: Output) throws {
    if let repair = report.repair {
      try output.record(repair)
      try output.text("\n")
    }
    if report.problems.isEmpty {
      try output.text(report.sentence + "\n")
    } else {
      try output.list(VerifyReport.problemColumns, report.problems)
    }
    if let replayed = report.replayed { try output.list(VerifyReport.replayColumns, replayed) }
    if !report.replayedSelections.isEmpty {
      try output.list(VerifyReport.selectionColumns, report.replayedSelections)
    }
    if !report.replayedMaps.isEmpty { try output.list(VerifyReport.mapColumns, report.replayedMaps) }
  }
}
