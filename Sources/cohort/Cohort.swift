import ArgumentParser
import CohortActions
import CohortCore
import CohortDaemon

/// The command line of Cohort, and the daemon where it is called by that name.
@main
struct Cohort: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "cohort",
    abstract: "Keep instruction-tuning data clustered while it arrives, and train on single-group batches.",
    discussion: examples(
      "cohort init",
      "cohort ingest data/*.jsonl",
      "cohort grouping create tasks --by task",
      "cohort update",
      "cohort snapshot create monday",
      "cohort plan create first --snapshot monday --grouping tasks --batch-size 32",
      "cohort plan show first --epoch 0 --steps '0..<3' --json"),
    version: "cohort \(Release.version)",
    groupedSubcommands: [
      CommandGroup(
        name: "Data",
        subcommands: [
          InitCommand.self, IngestCommand.self, UpdateCommand.self, SampleCommand.self, DeleteCommand.self,
          ExportCommand.self, SQLCommand.self, QueryCommand.self,
        ]),
      CommandGroup(
        name: "Groups", subcommands: [GroupingCommand.self, GroupCommand.self, LengthCommand.self, MapCommand.self]),
      CommandGroup(name: "Embeddings", subcommands: [EmbedCommand.self, SpaceCommand.self, ModelCommand.self]),
      CommandGroup(
        name: "Training",
        subcommands: [
          SnapshotCommand.self, SelectionCommand.self, PlanCommand.self, TrainCommand.self, RunCommand.self,
        ]),
      CommandGroup(
        name: "Store",
        subcommands: [
          InfoCommand.self, LogCommand.self, VerifyCommand.self, BackupCommand.self, CompactCommand.self,
          RebuildCatalogCommand.self,
        ]),
      CommandGroup(name: "Settings", subcommands: [ConfigCommand.self]),
      CommandGroup(name: "Shell", subcommands: [CompletionsCommand.self, ManualCommand.self]),
    ])

  @OptionGroup(title: "Global options") var global: GlobalOptions

  static func main() {
    if DaemonProgram.isMeant { DaemonProgram.main() }
    Launch(arguments: Array(CommandLine.arguments.dropFirst())).end()
  }
}
