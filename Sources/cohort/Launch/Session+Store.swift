import CohortActions
import CohortCore
import CohortPipeline
import CohortStore

extension Session {
  /// Opens the store for an action.
  func open(for access: ActionAccess, _ name: String) throws -> Store {
    switch access {
    case .reads: try Store.open(at: storePath)
    case .writes, .updates, .rebuilds, .packs:
      try Store.openForWriting(at: storePath, name: "cohort \(name)", turnChanged: Suspension.turnChanged)
    }
  }

  /// The grouping that is meant: the one that was named, or the only one of the store.
  /// - Throws: `cli.usage` when nothing was named, and the store has none or several.
  func grouping(_ given: String?) throws -> String {
    try given ?? Store.open(at: storePath).grouping(orOnly: nil)
  }

  /// What an action reports to, and how it learns that the user wants it to stop: from its first question on, the first
  /// Control-C only asks for that.
  func jobControl() -> JobControl {
    let progress = progress
    return JobControl(
      report: { progress.report($0) },
      shouldStop: {
        Interruption.cooperate()
        return Interruption.requested
      }, workers: configuration.integer(.workers))
  }

  /// Opens the store for an action and runs its work, keeping others from what must not be done at the same time.
  func perform<Verb: Action, R>(
    _ action: Verb, on opened: Store? = nil, _ work: (Store, JobControl) throws -> R
  ) throws -> R {
    let store = try opened ?? open(for: action.access, action.name)
    return try store.holding(action.access.holds) { try work(store, jobControl()) }
  }

  /// Runs an action and prints its report.
  func run(_ action: some RecordAction) throws -> Outcome {
    try print(perform(action) { try action.run(on: $0, $1) })
  }

  /// Runs an action and prints its rows as they come.
  /// - Parameter columns: those of the action, unless people get others.
  func run<Verb: ListAction>(_ action: Verb, columns: [ReportColumn] = Verb.columns) throws -> Outcome {
    let printer = output.rows(columns, lines: Verb.isStream)
    try perform(action) { try action.run(on: $0, $1) { try printer.print($0) } }
    progress.finish()
    try printer.finish()
    return .done
  }

  /// Prints a report: for people its summary, for programs all of it, and what ended the work in the same object.
  func print(_ report: some RecordReport) throws -> Outcome {
    try finish(report) { try output.record(output.format == .table ? report.summary : report.record) }
  }

  /// Ends a command with its report, which `printing` prints.
  func finish(_ report: some RecordReport, printing: () throws -> Void) throws -> Outcome {
    progress.finish()
    for note in report.notes { progress.note(note) }
    if let failure = report.failure {
      if output.format.isJSON { throw ReportedFailure(error: failure, result: report.record) }
      try printing()
      throw failure
    }
    try printing()
    return report.isPartial ? .quarantined : .done
  }

  /// Prints rows and what ended the work before its end: for programs one array, with the error as its last element.
  func list(_ columns: [ReportColumn], _ rows: [ReportRecord], failure: CohortError?) throws {
    let printer = output.rows(columns)
    for row in rows { try printer.print(row) }
    // Whoever tells of the error closes the array.
    if let failure, output.format == .json { throw failure }
    try printer.finish()
    if let failure { throw failure }
  }
}
