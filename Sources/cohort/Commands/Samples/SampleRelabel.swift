import ArgumentParser
import CohortActions
import CohortIngestion
import CohortPipeline
import CohortStore

/// `cohort sample relabel`
struct SampleRelabel: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "relabel", abstract: "Correct task and attributes of samples.",
    discussion: examples(
      "cohort sample relabel 17 '100..<200' --to-task algebra",
      "cohort sample relabel --source crawl/part-1.jsonl --no-task --set 'language=\"de\"' --yes",
      "cohort sample relabel --task maht --to-task math --dry-run",
      text: """
        Ids and texts stay, and with them vectors and lengths. The change is logged; groupings by task and attribute follow \
        at the next update. Samples that are so labelled already are left alone. What conditions find is counted and \
        asked about on a terminal; scripts say --yes.
        """))

  @Argument(help: ArgumentHelp("Sample ids, or ranges: A..<B or A:B without B, A-B with it.", valueName: "id")) var ids:
    [IDRangeArgument] = []
  @OptionGroup(title: "Instead of ids; all that are given must hold") var conditions: FilterArguments
  @Option(help: ArgumentHelp("Their task from now on.", valueName: "name"), completion: StoreNames.tasks)
  var toTask: String?
  @Flag(help: "They have no task from now on.") var noTask = false
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "An attribute and its value as JSON: 'topic=\"law\"', 'level=3'. May be repeated.", valueName: "key=json"))
  var settings: [String] = []
  @Option(help: "Why; kept in the log.") var reason = "relabelled by the user"
  @Flag(help: "Relabel what the conditions find without asking.") var yes = false
  @Flag(help: "Say how many samples would change, and change nothing.") var dryRun = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if ids.isEmpty != conditions.isGiven {
      throw ValidationError(
        ids.isEmpty
          ? "Which samples? Name their ids, or give --source, --task, --where or --group."
          : "Ids and conditions exclude each other.")
    }
    if toTask != nil, noTask { throw ValidationError("--to-task and --no-task exclude each other.") }
    if toTask == nil, !noTask, settings.isEmpty {
      throw ValidationError("What is to change? Give --to-task, --no-task or --set KEY=JSON.")
    }
    for setting in settings { try validating { _ = try AttributeSetting(parsing: setting) } }
  }

  func execute(_ session: Session) throws -> Outcome {
    var correction = RelabelJob.Correction()
    if let toTask { correction.task = .named(toTask) }
    if noTask { correction.task = .missing }
    correction.settings = try settings.map { try AttributeSetting(parsing: $0) }
    let selection: SampleSelection =
      if ids.isEmpty { .filter(try conditions.filter(session)) } else { .ids(ids.map(\.range)) }
    let action = SampleRelabelAction(selection, correction, reason: reason, isDryRun: dryRun)
    guard ids.isEmpty, !yes, !dryRun else { return try session.run(action) }
    try Session.checkCanAsk("Relabelling")
    let store = try session.open(for: action.access, SampleRelabelAction.name)
    let found = try action.find(in: store, session.jobControl())
    try session.confirm(found.ids.count, "changed") { "Relabel \($0)?" }
    return try session.print(session.perform(action, on: store) { try action.run(on: $0, $1, found) })
  }
}
