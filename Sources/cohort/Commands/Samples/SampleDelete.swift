import ArgumentParser
import CohortActions

/// What a deletion needs, under both of its names.
struct DeletionOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("Sample ids, or ranges: A..<B or A:B without B, A-B with it.", valueName: "id")) var ids:
    [IDRangeArgument] = []
  @OptionGroup(title: "Instead of ids; all that are given must hold") var conditions: FilterArguments
  @Option(help: "Why; kept in the log.") var reason = "deleted by the user"
  @Flag(help: "Delete what the conditions find without asking.") var yes = false
  @Flag(help: "Say what would be deleted, and delete nothing.") var dryRun = false
  @Flag(help: "Also overwrite what the file still holds of deleted samples. Reads the whole file.") var erase = false

  static let help = examples(
    "cohort sample delete 17", "cohort delete '100..<200' --reason \"take-down request 4711\"",
    "cohort delete --source crawl/part-1.jsonl --where language!=en --dry-run",
    "cohort delete --grouping topics --group 17 --yes",
    text: """
      The payload is erased, a tombstone and a log entry stay. Plans pinned before keep their arithmetic: their \
      batches leave the hole out. Ids that do not exist are an error and delete nothing; ids that are deleted already \
      are left alone. The freed bytes are overwritten as the store uses them again; --erase does it at once. What \
      conditions find is counted and asked about on a terminal; scripts say --yes.
      """)

  func validate() throws {
    if ids.isEmpty != conditions.isGiven {
      throw ValidationError(
        ids.isEmpty
          ? "Which samples? Name their ids, or give --source, --task, --where or --group."
          : "Ids and conditions exclude each other.")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    let selection: SampleSelection =
      if ids.isEmpty { .filter(try conditions.filter(session)) } else { .ids(ids.map(\.range)) }
    let action = SampleDeleteAction(selection, reason: reason, isDryRun: dryRun, erases: erase)
    guard ids.isEmpty, !yes, !dryRun else { return try session.run(action) }
    try Session.checkCanAsk("Deleting")
    let store = try session.open(for: action.access, SampleDeleteAction.name)
    let found = try action.find(in: store, session.jobControl())
    try session.confirm(found.ids.count, "deleted") { "Delete \($0) for good?" }
    return try session.print(session.perform(action, on: store) { try action.run(on: $0, $1, found) })
  }
}

/// `cohort sample delete`
struct SampleDelete: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete samples for good.", discussion: DeletionOptions.help)

  @OptionGroup var deletion: DeletionOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome { try deletion.execute(session) }
}

/// `cohort delete`, the short name.
struct DeleteCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Short for 'sample delete'.", discussion: DeletionOptions.help)

  @OptionGroup var deletion: DeletionOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome { try deletion.execute(session) }
}
