import ArgumentParser
import CohortActions

/// `cohort source`
struct SourceCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "source", abstract: "Sources: where samples came from.",
    discussion: examples("cohort source list"), subcommands: [SourceList.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort source list`
struct SourceList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the sources, with the samples that are there and those that were deleted.",
    discussion: examples("cohort source list", "cohort source list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> SourceListAction { SourceListAction() }
}
