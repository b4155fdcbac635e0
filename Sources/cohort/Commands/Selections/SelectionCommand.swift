import ArgumentParser
import CohortActions

/// `cohort selection`
struct SelectionCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "selection", abstract: "Core sets: which samples to keep, and what they cover.",
    discussion: examples(
      "cohort selection create core --snapshot monday --fraction 0.05",
      "cohort selection show core", "cohort plan create small --selection core --grouping topics --batch-size 32"),
    subcommands: [
      SelectionCreate.self, SelectionList.self, SelectionShow.self, SelectionGrow.self, SelectionCompare.self,
      SelectionSplit.self, SelectionSweepCommand.self, SelectionDrop.self,
    ])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort selection list`
struct SelectionList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the selections.",
    discussion: examples("cohort selection list", "cohort selection list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> SelectionListAction { SelectionListAction() }
}

/// `cohort selection compare`
struct SelectionCompare: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Tell how much two selections have in common.",
    discussion: examples(
      "cohort selection compare core other",
      text: "'expected_common' is what two random draws of these sizes would share on average."))

  @Argument(help: "A selection.", completion: StoreNames.selections) var first: String
  @Argument(help: "Another one.", completion: StoreNames.selections) var second: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> SelectionCompareAction { SelectionCompareAction(first, second) }
}

/// `cohort selection drop`
struct SelectionDrop: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a selection that no plan stands on.",
    discussion: examples("cohort selection drop core"))

  @Argument(help: "The selection.", completion: StoreNames.selections) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> DropAction { DropAction(.selection, named: name) }
}
