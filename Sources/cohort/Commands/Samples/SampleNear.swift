import ArgumentParser
import CohortActions
import CohortCore
import CohortPipeline

/// `cohort sample near`
struct SampleNear: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "near", abstract: "Find the samples nearest to a sample, a text or a vector.",
    discussion: examples(
      "cohort sample near --id 17", "cohort sample near --text \"a poem about the sea\" -k 20 --task poem",
      "cohort sample near --vector query.npy --grouping topics --check --json",
      text: """
        The distance is 1 - cosine: 0 for the same direction, 2 for the opposite one. The sample that is asked about is \
        never among the answers. Equally near ones come in the order of their ids. Standard error says whether all vectors \
        were read, and how many. They are while that is instant, with --exact, and with conditions; else the groups of a \
        grouping by embedding whose centroids are nearest are read, with about a tenth of the vectors.
        """))

  @Option(help: ArgumentHelp("Near to this sample.", valueName: "n")) var id: UInt64?
  @Option(help: ArgumentHelp("Near to this text, by the space's encoder.", valueName: "text")) var text: String?
  @Option(
    help: ArgumentHelp("Near to the vector in this file.", valueName: "file.npy"),
    completion: .file(extensions: ["npy"]))
  var vector: String?
  @Option(
    name: [.customShort("k"), .customLong("k")], help: ArgumentHelp("At most this many samples.", valueName: "n"))
  var count = 10
  @Flag(help: "Read all vectors, however many there are.") var exact = false
  @Option(
    help: ArgumentHelp("Read only the nearest groups of this grouping by embedding.", valueName: "name"),
    completion: StoreNames.groupings)
  var grouping: String?
  @Option(
    help: ArgumentHelp("The embedding space, if not the default.", valueName: "name"), completion: StoreNames.spaces)
  var space: String?
  @Flag(help: "Read all vectors, too, and tell which share of what is nearest was found by groups.") var check = false
  @OptionGroup(title: "Only samples for which all of these hold") var conditions: ConditionArguments
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if [id != nil, text != nil, vector != nil].filter({ $0 }).count != 1 {
      throw ValidationError("Near to what? Give one of --id, --text and --vector.")
    }
    if !(1...SampleNearAction.mostSamples).contains(count) {
      throw ValidationError("-k takes a number from 1 to \(SampleNearAction.mostSamples).")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    var query = NearRequest.Query.text(text ?? "")
    if let id { query = .sample(SampleID(id)) }
    if let vector { query = try NearRequest.vector(inFile: vector) }
    let isTable = session.output.format == .table
    let action = SampleNearAction(
      NearRequest(
        query, count: count, space: space, isExact: exact, grouping: grouping, filter: try conditions.filter(),
        isChecked: check), withExcerpt: isTable)
    let report = try session.perform(action) { try action.run(on: $0, $1) }
    return try session.finish(report) {
      try session.output.list(isTable ? SampleNearAction.tableColumns : SampleNearAction.columns, report.rows)
    }
  }
}
