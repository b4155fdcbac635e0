import ArgumentParser
import CohortActions

/// `cohort info`
struct InfoCommand: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Show what the store holds and what it takes.",
    discussion: examples("cohort info", "cohort info --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> InfoAction { InfoAction() }
}
