import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

/// `cohort grouping create`
struct GroupingCreate: CohortCommand {
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
  var measure: LengthPartArgument?

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

  func validate() throws {
    let given: [(name: String, isGiven: Bool, kinds: [String])] = [
      ("--groups", groups != nil, ["embedding"]), ("--group-size", groupSize != nil, ["embedding", "length"]),
      ("--balance", balance, ["embedding"]),
      ("--space", space != nil, ["embedding", "anchors"]), ("--edges", edges != nil, ["length"]),
      ("--quantiles", quantiles != nil, ["length"]), ("--intervals", intervals != nil, ["length"]),
      ("--measure", measure != nil, ["length"]), ("--anchors", anchors != nil, ["anchors"]),
      ("--votes", votes != nil, ["anchors"]), ("--leakage", leakage != nil, ["anchors"]),
      ("--min-size", minSize != nil, ["A*B"]),
    ]
    let kind =
      switch by {
      case .embedding: "embedding"
      case .length: "length"
      case .anchors: "anchors"
      case .product: "A*B"
      case .task, .attribute: ""
      }
    for option in given where option.isGiven && !option.kinds.contains(kind) {
      throw ValidationError("\(option.name) goes with --by \(option.kinds.joined(separator: " or --by ")).")
    }
    if kind == "anchors", anchors == nil { throw ValidationError("--by anchors needs --anchors FILE.") }
    if let leakage, !(leakage > -1 && leakage <= 1) { throw ValidationError("--leakage takes a cosine up to 1.") }
    if groups != nil, groupSize != nil { throw ValidationError("--groups and --group-size exclude each other.") }
    if [edges != nil, quantiles != nil, intervals != nil].filter({ $0 }).count > 1 {
      throw ValidationError("--edges, --quantiles and --intervals exclude each other.")
    }
    if groupSize != nil, quantiles != nil || intervals != nil {
      throw ValidationError(
        "--group-size goes with --edges or alone: --quantiles and --intervals are numbers of groups.")
    }
    for (name, value, least) in [
      ("--groups", groups, 1), ("--group-size", groupSize, 1), ("--quantiles", quantiles, 1),
      ("--intervals", intervals, 1), ("--votes", votes, 1),
      ("--min-size", minSize, 1),
    ] {
      if let value, value < least || value > 1 << 20 {
        throw ValidationError("\(name) takes a number from \(least) to \(1 << 20), not \(value).")
      }
    }
    if let edges, zip(edges.values, edges.values.dropFirst()).contains(where: { $0 >= $1 }) {
      throw ValidationError("--edges have to ascend.")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    try NameRule.check(name, of: "grouping")
    let store = try session.writableStore(for: "grouping create")
    if let anchors { return try create(anchors, store, session) }
    let record: GroupingRecord
    if case .product(let factors) = by {
      record = try ProductJob.create(
        store, name: name, factors: factors, minimum: minSize ?? ProductJob.usualMinimum)
    } else {
      let definition = try definition(for: store)
      record = try store.write { try $0.createGrouping(name: name, definition: definition) }
    }
    try session.output.record([
      "grouping": .text(record.name), "id": .unsigned(UInt64(record.id.rawValue)), "by": .text(record.definition.text),
    ])
    return .done
  }

  private func create(_ anchors: String, _ store: Store, _ session: Session) throws -> Outcome {
    let space = try SpaceJob.chosen(store, named: space)
    // Anchors may be texts.
    let encoder =
      anchors.hasSuffix(".npy")
      ? nil : try space.openEncoder(in: store, workers: session.configuration.integer(.workers))
    let report = try AnchorsJob.create(
      store, name: name, space: space.name, anchors: anchors, votes: votes ?? 1,
      leakage: leakage ?? AnchorsJob.usualLeakage, encoder: encoder)
    try session.output.record([
      "grouping": .text(name), "id": .unsigned(UInt64(report.grouping.id.rawValue)),
      "by": .text(report.grouping.definition.text), "anchors": .count(report.anchors),
      "labels": .count(report.labels.count), "leakage": .number(Double(leakage ?? AnchorsJob.usualLeakage)),
    ])
    return .done
  }

  private func definition(for store: Store) throws -> GroupingDefinition {
    switch by {
    case .task: return GroupingDefinition(criterion: .task)
    case .attribute(let key): return GroupingDefinition(criterion: .attribute(key))
    case .length(let name):
      let divided: GroupingDefinition.Edges =
        if let edges { .given(edges.values) } else if let intervals { .equalWidth(intervals) } else if groupSize != nil
        {
          // One interval, which is split as it grows.
          .given([])
        } else {
          .quantiles(quantiles ?? 8)
        }
      let part: GroupingDefinition.LengthPart =
        switch measure {
        case .prompt: .prompt
        case .total: .total
        case .response, nil: .response
        }
      let measure = name == SampleLengths.ownMeasure ? nil : name
      if let measure { _ = try store.read { try $0.existingMeasure(measure) } }
      return GroupingDefinition(
        criterion: .length(part, divided, measure: measure), granularity: groupSize.map { .groupSize($0) } ?? .automatic
      )
    case .embedding:
      let granularity: GroupingDefinition.Granularity =
        groups.map { .groups($0) } ?? groupSize.map { .groupSize($0) } ?? .automatic
      return GroupingDefinition(
        criterion: .embedding(space: try SpaceJob.chosen(store, named: space).name), granularity: granularity,
        isBalanced: balance)
    case .anchors, .product: throw ValidationError("--by anchors needs --anchors FILE.")
    }
  }
}
