import ArgumentParser
import CohortActions
import CohortPipeline

/// `cohort sample duplicates`
struct SampleDuplicates: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "duplicates", abstract: "Find near-duplicates by the cosine similarity of their vectors.",
    discussion: examples(
      "cohort sample duplicates --threshold 0.98", "cohort sample duplicates --across delivery-2 --counts",
      "cohort sample duplicates --within tasks --json",
      text: """
        Samples with at least that cosine similarity are joined, directly or over others; the lowest id represents each \
        cluster, and 'similarities' are those to it. What is found is what comparing all pairs would find: groups by \
        embedding only say where to look. With a grouping of another kind, only samples of one group are compared. \
        --counts tells for each pair of sources how many samples of the first have near-duplicates in the other.
        """))

  @Option(help: ArgumentHelp("The least cosine similarity: 0.5 to 1.", valueName: "cosine"))
  var threshold = 0.95
  @Option(
    help: ArgumentHelp("The grouping that says where to look, or whose groups are kept apart.", valueName: "name"),
    completion: StoreNames.groupings)
  var within: String?
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Only clusters that reach from this source to another; given again, from one of them to another.",
      valueName: "source"),
    completion: StoreNames.sources)
  var across: [String] = []
  @Option(
    help: ArgumentHelp("The embedding space, if not the default.", valueName: "name"), completion: StoreNames.spaces)
  var space: String?
  @Flag(help: "Print pairs of sources with how much they share, in place of the clusters.") var counts = false
  @Option(help: ArgumentHelp("At most this many clusters.", valueName: "n")) var limit: Int?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !(threshold >= 0.5 && threshold <= 1) {
      throw ValidationError("--threshold takes a cosine similarity from 0.5 to 1.")
    }
    if let limit, limit < 0 { throw ValidationError("--limit takes a number from 0.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let action = SampleDuplicatesAction(
      DuplicatesRequest(similarity: threshold, space: space, within: within, across: across), limit: limit)
    let report = try session.perform(action) { try action.run(on: $0, $1) }
    return try session.finish(report) {
      if counts {
        try session.output.list(SampleDuplicatesAction.pairColumns, report.pairs)
      } else {
        try session.output.list(SampleDuplicatesAction.columns, report.clusters)
      }
    }
  }
}
