internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `grouping create`: adds a way to divide the store into groups. The grouping starts empty.
public struct GroupingCreateAction: RecordAction {
  /// What makes samples members of one group.
  public enum Criterion: Sendable {
    case task
    case embedding
    /// By the store's own measure, or by the one named.
    case length(String?)
    case anchors
    case attribute(String)
    /// With the names as they were typed: which star parts them is known when the groupings are.
    case product(String)
  }

  public static let name = "grouping create"
  public var access: ActionAccess { .writes }
  public var grouping: String
  public var criterion: Criterion
  /// With embedding: at most this many groups.
  public var groups: Int?
  /// With embedding or length: about this many samples a group.
  public var groupSize: Int?
  /// With embedding: bounds group sizes.
  public var isBalanced = false
  /// With embedding or anchors: the space; nil for the default one.
  public var space: String?
  /// With length: the inner edges, ascending.
  public var edges: [UInt64]?
  /// With length: intervals with equally many samples.
  public var quantiles: Int?
  /// With length: intervals of equal width.
  public var intervals: Int?
  /// With length: the part of the messages that is measured; nil for the response.
  public var part: LengthPart?
  /// With anchors: the file of labelled vectors or texts.
  public var anchors: String?
  /// With anchors: this many nearest ones vote; nil for one.
  public var votes: Int?
  /// With anchors: samples with this cosine to an anchor count as leaked.
  public var leakage: Float?
  /// With a product: cells of fewer samples join the rest of their part.
  public var minimumSize: Int?

  public init(_ grouping: String, by criterion: Criterion) {
    self.grouping = grouping
    self.criterion = criterion
  }

  /// What goes together, in the words of the command line.
  /// - Throws: `cli.usage`.
  public func check() throws {
    let given: [(name: String, isGiven: Bool, kinds: [String])] = [
      ("--groups", groups != nil, ["embedding"]), ("--group-size", groupSize != nil, ["embedding", "length"]),
      ("--balance", isBalanced, ["embedding"]),
      ("--space", space != nil, ["embedding", "anchors"]), ("--edges", edges != nil, ["length"]),
      ("--quantiles", quantiles != nil, ["length"]), ("--intervals", intervals != nil, ["length"]),
      ("--measure", part != nil, ["length"]), ("--anchors", anchors != nil, ["anchors"]),
      ("--votes", votes != nil, ["anchors"]), ("--leakage", leakage != nil, ["anchors"]),
      ("--min-size", minimumSize != nil, ["A*B"]),
    ]
    let kind =
      switch criterion {
      case .embedding: "embedding"
      case .length: "length"
      case .anchors: "anchors"
      case .product: "A*B"
      case .task, .attribute: ""
      }
    for option in given where option.isGiven && !option.kinds.contains(kind) {
      throw CohortError.usage("\(option.name) goes with --by \(option.kinds.joined(separator: " or --by ")).")
    }
    if kind == "anchors", anchors == nil { throw Self.noAnchors }
    if let leakage, !(leakage > -1 && leakage <= 1) { throw CohortError.usage("--leakage takes a cosine up to 1.") }
    if groups != nil, groupSize != nil { throw CohortError.usage("--groups and --group-size exclude each other.") }
    if [edges != nil, quantiles != nil, intervals != nil].filter({ $0 }).count > 1 {
      throw CohortError.usage("--edges, --quantiles and --intervals exclude each other.")
    }
    if groupSize != nil, quantiles != nil || intervals != nil {
      throw CohortError.usage(
        "--group-size goes with --edges or alone: --quantiles and --intervals are numbers of groups.")
    }
    for (name, value) in [
      ("--groups", groups), ("--group-size", groupSize), ("--quantiles", quantiles), ("--intervals", intervals),
      ("--votes", votes), ("--min-size", minimumSize),
    ] {
      if let value, !(1...1 << 20).contains(value) {
        throw CohortError.usage("\(name) takes a number from 1 to \(1 << 20), not \(value).")
      }
    }
    if let edges, zip(edges, edges.dropFirst()).contains(where: { $0 >= $1 }) {
      throw CohortError.usage("--edges have to ascend.")
    }
  }

  private static var noAnchors: CohortError { .usage("--by anchors needs --anchors FILE.") }

  /// - Throws: `cli.usage`, `cli.name`; `store.grouping-exists`, `store.unknown-length-measure`; what `SpaceJob.chosen` and
  ///   reading anchors throw.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try NewName.check(grouping, of: "grouping")
    try check()
    switch criterion {
    case .anchors: return try createAnchors(store, control)
    case .product(let factors):
      return report(
        try ProductJob.create(
          store, name: grouping, factors: factors, minimum: minimumSize ?? ProductJob.usualMinimum))
    case .task, .attribute, .length, .embedding:
      let definition = try definition(for: store)
      return report(try store.write { try $0.createGrouping(name: grouping, definition: definition) })
    }
  }

  private func report(_ created: GroupingRecord) -> PlainReport {
    PlainReport([
      "grouping": .text(created.name), "id": .unsigned(UInt64(created.id.rawValue)),
      "by": .text(created.definition.text),
    ])
  }

  private func createAnchors(_ store: Store, _ control: JobControl) throws -> PlainReport {
    guard let anchors else { throw Self.noAnchors }
    let space = try SpaceJob.chosen(store, named: space)
    // Anchors may be texts.
    let encoder = anchors.hasSuffix(".npy") ? nil : try space.openEncoder(in: store, workers: control.workers)
    let leakage = leakage ?? AnchorsJob.usualLeakage
    let made = try AnchorsJob.create(
      store, name: grouping, space: space.name, anchors: anchors, votes: votes ?? 1, leakage: leakage, encoder: encoder)
    var report = report(made.grouping)
    report.record.append("anchors", .count(made.anchors))
    report.record.append("labels", .count(made.labels.count))
    report.record.append("leakage", .number(Double(leakage)))
    return report
  }

  private func definition(for store: Store) throws -> GroupingDefinition {
    switch criterion {
    case .task: return GroupingDefinition(criterion: .task)
    case .attribute(let key): return GroupingDefinition(criterion: .attribute(key))
    case .length(let name):
      let divided: GroupingDefinition.Edges =
        if let edges { .given(edges) } else if let intervals { .equalWidth(intervals) } else if groupSize != nil {
          // One interval, which is split as it grows.
          .given([])
        } else {
          .quantiles(quantiles ?? 8)
        }
      let measure = name == SampleLengths.ownMeasure ? nil : name
      if let measure { _ = try store.read { try $0.existingMeasure(measure) } }
      return GroupingDefinition(
        criterion: .length(part?.definition ?? .response, divided, measure: measure),
        granularity: groupSize.map { .groupSize($0) } ?? .automatic)
    case .embedding:
      return GroupingDefinition(
        criterion: .embedding(space: try SpaceJob.chosen(store, named: space).name),
        granularity: groups.map { .groups($0) } ?? groupSize.map { .groupSize($0) } ?? .automatic,
        isBalanced: isBalanced)
    case .anchors, .product: throw Self.noAnchors
    }
  }
}

/// Which part of a sample's messages a length grouping looks at, as people type it.
public enum LengthPart: String, CaseIterable, Sendable {
  case prompt, response, total

  var definition: GroupingDefinition.LengthPart {
    switch self {
    case .prompt: .prompt
    case .response: .response
    case .total: .total
    }
  }
}

extension GroupingCreateAction.Criterion {
  /// `task`, `embedding`, `length`, `length:MEASURE`, `anchors`, `attribute:KEY`, or two groupings as `A*B`.
  public init?(_ text: String) {
    switch text {
    case "task": self = .task
    case "embedding": self = .embedding
    case "length": self = .length(nil)
    case "anchors": self = .anchors
    case _ where text.dropFirst().dropLast().contains("*") && !text.hasPrefix("attribute:"): self = .product(text)
    default:
      if let key = Self.rest(of: text, after: "attribute:") {
        self = .attribute(key)
      } else if let measure = Self.rest(of: text, after: "length:") {
        self = .length(measure)
      } else {
        return nil
      }
    }
  }

  private static func rest(of text: String, after prefix: String) -> String? {
    text.hasPrefix(prefix) && text.count > prefix.count ? String(text.dropFirst(prefix.count)) : nil
  }

  /// What `init(_:)` takes.
  public static let texts = ["task", "embedding", "length", "length:MEASURE", "anchors", "attribute:KEY", "A*B"]
}
