import ArgumentParser
import CohortCore
import CohortActions

/// `cohort grouping create`
struct GroupingCreate: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Add a way to divide the store into groups.",
    discussion: examples(
      "cohort grouping create tasks --by task",
      "cohort grouping create lengths --by length --edges 16,64,256",
      "cohort grouping create tokens --by length:llama --quantiles 8",
      "cohort grouping create topics --by embedding --groups 32",
      "cohort grouping create languages --by attribute:lang",
      "cohort grouping create exams --by anchors --anchors dev.jsonl --votes 5",
      "cohort grouping create both --by 'topics*tasks' --min-size 64",
      text: "The grouping starts empty; 'cohort update' puts the samples into groups, and so does the next snapshot."))

  @Argument(help: "The grouping's name.") var name: String
  @Option(help: "What makes samples members of one group.") var by: GroupingCriterionArgument

  @Option(help: ArgumentHelp("With embedding: at most this many groups.", valueName: "k")) var groups: Int?
  @Option(
    help: ArgumentHelp(
      "With embedding or length: about this many samples a group; with length, between --edges or alone.",
      discussion: "An interval of length is split at its median when it holds more than 4 times as many.",
      valueName: "n"))
  var groupSize: Int?
  @Flag(
    help: ArgumentHelp(
      "With embedding: bound group sizes, from a quarter of the size aimed at to four times it.",
      discussion: "Where that binds, samples are not in their nearest group; --groups then says the size aimed at."))
  var balance = false
  @Option(
    help: ArgumentHelp("With embedding or anchors: the embedding space, if it is not the default.", valueName: "name"),
    completion: StoreNames.spaces)
  var space: String?

  @Option(help: ArgumentHelp("With length: the inner edges, ascending.", valueName: "n,n,...")) var edges: NumberList?
  @Option(
    help: ArgumentHelp("With length: intervals with equally many samples (8 if nothing is said).", valueName: "n"))
  var quantiles: Int?
  @Option(help: ArgumentHelp("With length: intervals of equal width.", valueName: "n")) var intervals: Int?
  @Option(help: "With length: the part of the messages that is measured (response if nothing is said).")
  var measure: GroupingDefinition.LengthPart?

  @Option(
    help: ArgumentHelp(
      "With anchors: labelled vectors or texts, as JSON lines, or X.npy with its labels in X.labels.txt.",
      valueName: "file"), completion: .file(extensions: ["jsonl", "npy"]))
  var anchors: String?
  @Option(help: ArgumentHelp("With anchors: this many nearest ones vote (1 if nothing is said).", valueName: "k"))
  var votes: Int?
  @Option(
    help: ArgumentHelp(
      "With anchors: samples with this cosine to an anchor count as leaked (0.98 if nothing is said).",
      valueName: "cosine"))
  var leakage: Float?

  @Option(
    help: ArgumentHelp(
      "With A*B: cells of fewer samples join the rest of their part of A (32 if nothing is said).", valueName: "n"))
  var minSize: Int?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws { try validating { try request.check() } }

  func action(_ session: Session) -> GroupingCreateAction { request }

  private var request: GroupingCreateAction {
    var choices = GroupingChoices()
    (choices.groups, choices.groupSize, choices.isBalanced, choices.space) = (groups, groupSize, balance, space)
    (choices.edges, choices.quantiles, choices.intervals, choices.part) = (edges?.values, quantiles, intervals, measure)
    (choices.anchors, choices.votes, choices.leakage, choices.minimum) = (anchors, votes, leakage, minSize)
    return GroupingCreateAction(name, by: by.spelling, choices)
  }
}
