import ArgumentParser
import CohortActions

/// `cohort sample search`
struct SampleSearchCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Find samples whose messages hold all of some words.",
    discussion: examples(
      "cohort sample search \"prime numbers\"", "cohort sample search apples --limit 100 --json",
      text: "Upper and lower case are the same. Samples come in the order of their ids."))

  @Argument(help: "One or more words.") var words: [String]
  @Option(help: ArgumentHelp("At most this many samples.", valueName: "n")) var limit = 10
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit takes a number from 1.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let isTable = session.output.format == .table
    return try session.run(
      SampleSearchAction(query: words.joined(separator: " "), limit: limit, withExcerpt: isTable),
      columns: isTable ? SampleSearchAction.tableColumns : SampleSearchAction.columns)
  }
}
