import ArgumentParser
import CohortActions

/// `cohort sample search`
struct SampleSearchCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Find the samples whose messages hold some words, best first.",
    discussion: examples(
      "cohort sample search \"prime numbers\"", "cohort sample search '\"prime numbers\" NOT even' --task gsm8k",
      "cohort sample search 'prim*' --longer-than 200 --limit 100 --json",
      text: """
        All words must be there, in any place; "a phrase" one behind the other; OR and NOT in capitals; word* for words that \
        begin so. Everything else is text: punctuation stands between words, and foo(bar) looks for foo and bar one behind \
        the other. Capital letters and accents make no difference. Chinese, Japanese and Thai are found by any part.

        Ranked by BM25, equal ones by id. 'snippet' is the part of the sample with most of what was searched for, hits \
        between **. The index beside the store is kept up by 'cohort update', the daemon, and by searching.
        """))

  @Argument(help: "What to search for.") var words: [String]
  @OptionGroup(title: "Only samples for which all of these hold") var filter: FilterArguments
  @Option(
    help: ArgumentHelp("Samples whose response is longer, in the unit of the store's lengths.", valueName: "n"))
  var longerThan: UInt64?
  @Option(help: ArgumentHelp("At most this many samples.", valueName: "n")) var limit = 10
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !(1...SampleSearchAction.mostSamples).contains(limit) {
      throw ValidationError("--limit takes a number from 1 to \(SampleSearchAction.mostSamples).")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    let action = SampleSearchAction(
      query: words.joined(separator: " "), filter: try filter.filter(session), longerThan: longerThan, limit: limit)
    let report = try session.perform(action) { try action.run(on: $0, $1) }
    return try session.finish(report) {
      try session.output.list(
        session.output.format == .table ? SampleSearchAction.tableColumns : SampleSearchAction.columns, report.rows)
    }
  }
}
