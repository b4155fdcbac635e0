import ArgumentParser
import CohortActions
import CohortCore
import CohortPipeline
import CohortSelection
import Foundation

/// `cohort selection create`
struct SelectionCreate: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Choose a core set of a snapshot, and report what it covers beside random draws.",
    discussion: examples(
      "cohort selection create core --snapshot monday --fraction 0.05",
      "cohort selection create even --snapshot monday --strata tasks --count 1000 --dedup 0.95",
      "cohort selection create clean --snapshot monday --fraction 0.05 --without-near exam.jsonl",
      "cohort selection create varied --snapshot monday --fraction 0.05 --templates one --example question_id",
      "cohort selection create paper --snapshot monday --method kmeans-kcenter --fraction 0.005 --probe task",
      text: """
        The choice has an order: every beginning of it is a smaller selection. It depends on the snapshot, the options \
        and the seed alone. Figures say what the selection covers, beside 10 random draws of the same size; they do not \
        say that training on it gives a better model.
        """))

  @Argument(help: "The selection's name.") var name: String
  @Option(help: ArgumentHelp("The snapshot it is chosen from.", valueName: "name"), completion: StoreNames.snapshots)
  var snapshot: String
  @Option(help: "How it is chosen.") var method = SelectionMethod.stratified
  @OptionGroup(title: "Budget") var budget: BudgetArguments
  @OptionGroup(title: "Choice") var choice: SelectionArguments
  @OptionGroup(title: "Choice") var avoided: AvoidedArguments
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if budget.budget == nil { throw ValidationError("Say how much: --count, --fraction or --tokens.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    guard let budget = budget.budget else { return .done }
    var request = choice.request(snapshot, method, budget)
    request.avoided = avoided.items
    let action = SelectionCreateAction(selection: name, request: request)
    return try session.printSelection(session.perform(action) { try action.run(on: $0, $1) })
  }
}

/// `cohort selection grow`
struct SelectionGrow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "grow", abstract: "Choose again from another snapshot, and keep what was chosen.",
    discussion: examples(
      "cohort selection grow core --snapshot tuesday",
      "cohort selection grow core --snapshot tuesday --as core2 --count 900",
      "cohort selection grow clean --snapshot tuesday --without-near exam.jsonl",
      text: """
        The new selection begins with the samples of the old one that the snapshot holds, and spends the rest of the \
        budget where they are missing. Without a budget it takes the same share of its snapshot as the old one. What \
        was made with --without-near needs its file again: the store does not keep it.
        """))

  @Argument(help: "The selection that grows; it stays as it is.", completion: StoreNames.selections) var name: String
  @Option(help: ArgumentHelp("The snapshot to choose from.", valueName: "name"), completion: StoreNames.snapshots)
  var snapshot: String
  @Option(
    name: .customLong("as"), help: ArgumentHelp("The new selection's name; else NAME.SNAPSHOT.", valueName: "name"))
  var newName: String?
  @OptionGroup(title: "Budget") var budget: BudgetArguments
  @OptionGroup(title: "Choice") var avoided: AvoidedArguments
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let action = SelectionGrowAction(
      selection: name, snapshot: snapshot, newName: newName, budget: budget.budget, avoided: avoided.items)
    return try session.printSelection(session.perform(action) { try action.run(on: $0, $1) })
  }
}

/// `cohort selection show`
struct SelectionShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the report of a selection, or its samples in their order.",
    discussion: examples(
      "cohort selection show core", "cohort selection show core --rows --json",
      "cohort selection show core --html core.html"))

  @Argument(help: "The selection.", completion: StoreNames.selections) var name: String
  @Flag(help: "The ids in the order of the selection, in place of the report.") var rows = false
  @Option(
    help: ArgumentHelp("Write the report as a web page that needs nothing else.", valueName: "file"),
    completion: .file())
  var html: String?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if rows, html != nil { throw ValidationError("--rows and --html exclude each other.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    guard !rows else { return try session.run(SelectionRowsAction(selection: name)) }
    let action = SelectionShowAction(selection: name)
    if let html {
      let report = try session.perform(action) { try action.run(on: $0, $1) }
      do {
        try Data(SelectionPage(report).html.utf8).write(to: URL(fileURLWithPath: html), options: .atomic)
      } catch {
        throw CohortError(
          .cliOutput, "The page cannot be written", place: html, cause: error.localizedDescription,
          hint: "The folder has to exist")
      }
      session.progress.tell("wrote \(html)")
      return .done
    }
    return try session.printSelection(session.perform(action) { try action.run(on: $0, $1) })
  }
}

extension Session {
  /// Parts that a table shows of each kind.
  private static var shownParts: Int { 20 }

  /// Prints the report of a selection.
  func printSelection(_ report: SelectionReportView) throws -> Outcome {
    try finish(report) {
      guard output.format == .table else { return try output.record(report.record) }
      try output.record(report.summary)
      if !report.figures.isEmpty {
        try output.text("\nbeside random draws of the same size\n")
        try output.list(SelectionReportView.figureColumns, report.figures)
      }
      for (name, columns, records) in report.parts {
        let more = records.count - Self.shownParts
        try output.text("\n\(name)\(more > 0 ? ", the largest \(Self.shownParts) of \(records.count)" : "")\n")
        try output.list(columns, records.prefix(Self.shownParts))
      }
    }
  }
}
