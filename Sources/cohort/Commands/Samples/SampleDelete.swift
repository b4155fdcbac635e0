import ArgumentParser
import CohortActions

/// What a deletion needs, under both of its names.
struct DeletionOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("Sample ids, or ranges A..<B.", valueName: "id")) var ids: [IDRangeArgument]
  @Option(help: "Why; kept in the log.") var reason = "deleted by the user"
  @Flag(help: "Say what would be deleted, and delete nothing.") var dryRun = false
  @Flag(help: "Also overwrite what the file still holds of deleted samples. Reads the whole file.") var erase = false

  static let help = examples(
    "cohort sample delete 17", "cohort delete '100..<200' --reason \"take-down request 4711\"",
    text: """
      The payload is erased, a tombstone and a log entry stay. Plans pinned before keep their arithmetic: their \
      batches leave the hole out. Ids that do not exist are an error and delete nothing; ids that are deleted already \
      are left alone. The freed bytes are overwritten as the store uses them again; --erase does it at once.
      """)

  var action: SampleDeleteAction {
    SampleDeleteAction(ids: ids.map(\.range), reason: reason, isDryRun: dryRun, erases: erase)
  }
}

/// `cohort sample delete`
struct SampleDelete: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete samples for good.", discussion: DeletionOptions.help)

  @OptionGroup var deletion: DeletionOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> SampleDeleteAction { deletion.action }
}

/// `cohort delete`, the short name.
struct DeleteCommand: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Short for 'sample delete'.", discussion: DeletionOptions.help)

  @OptionGroup var deletion: DeletionOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> SampleDeleteAction { deletion.action }
}
