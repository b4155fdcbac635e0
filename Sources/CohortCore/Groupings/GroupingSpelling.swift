/// What the command line takes after `--by`: a kind, and what its spelling says beside that (the key of an attribute, the
/// name of a measure, the factors of a product, not yet parted).
public struct GroupingSpelling: Sendable {
  /// The kind whose spelling the text is.
  public let kind: any GroupingKind.Type
  /// Empty where the spelling says nothing beside the kind.
  public let argument: String

  /// Nil for a text that means no kind.
  public init?(_ text: String) {
    for kind in GroupingKinds.all {
      guard let argument = kind.argument(of: text) else { continue }
      self.kind = kind
      self.argument = argument
      return
    }
    return nil
  }

  /// Everything that can be written, with placeholders in capitals.
  public static var all: [String] { GroupingKinds.all.flatMap { $0.spellings } }
}

/// What may be chosen for a new grouping beside its spelling; nil where nothing was said.
public struct GroupingChoices: Hashable, Sendable {
  /// The choices, each with its name on the command line, in the order in which they are looked at.
  public enum Name: String, CaseIterable, Sendable {
    /// Each choice is named like the property that holds it; `measure` is the part of the messages.
    case groups, groupSize = "group-size", balance, space, edges, quantiles, intervals, measure, anchors, votes, leakage
    /// The least number of samples in a cell of a product.
    case minimum = "min-size"
  }

  /// At most this many groups.
  public var groups: Int?
  /// About this many samples a group.
  public var groupSize: Int?
  /// Whether group sizes are bounded.
  public var isBalanced = false
  /// The name of an embedding space other than the default one.
  public var space: String?
  /// The inner edges of length intervals, ascending.
  public var edges: [UInt64]?
  /// So many length intervals with equally many samples.
  public var quantiles: Int?
  /// So many length intervals of equal width.
  public var intervals: Int?
  /// The part of the messages that is measured.
  public var part: GroupingDefinition.LengthPart?
  /// The path of a file of labelled anchors.
  public var anchors: String?
  /// How many of the nearest anchors vote.
  public var votes: Int?
  /// The cosine to an anchor from which on a sample counts as leaked.
  public var leakage: Float?
  /// The least number of samples in a cell of a product.
  public var minimum: Int?

  /// Nothing chosen.
  public init() {}

  /// Whether something was said of a choice.
  public func isGiven(_ name: Name) -> Bool {
    switch name {
    case .groups: groups != nil
    case .groupSize: groupSize != nil
    case .balance: isBalanced
    case .space: space != nil
    case .edges: edges != nil
    case .quantiles: quantiles != nil
    case .intervals: intervals != nil
    case .measure: part != nil
    case .anchors: anchors != nil
    case .votes: votes != nil
    case .leakage: leakage != nil
    case .minimum: minimum != nil
    }
  }

  /// Why no grouping of this kind can be made with these choices, as a sentence; nil when one can.
  public func objection(to kind: any GroupingKind.Type) -> String? {
    for name in Name.allCases where isGiven(name) && !kind.choices.contains(name) {
      let fitting = GroupingKinds.all.filter { $0.choices.contains(name) }.compactMap { $0.spellings.first }
      return "--\(name.rawValue) goes with --by \(fitting.joined(separator: " or --by "))."
    }
    if kind.choices.contains(.anchors), anchors == nil {
      return "--by \(kind.spellings[0]) needs --anchors FILE."
    }
    if let leakage, !(leakage > -1 && leakage <= 1) { return "--leakage takes a cosine up to 1." }
    if groups != nil, groupSize != nil { return "--groups and --group-size exclude each other." }
    if [edges != nil, quantiles != nil, intervals != nil].filter({ $0 }).count > 1 {
      return "--edges, --quantiles and --intervals exclude each other."
    }
    if groupSize != nil, quantiles != nil || intervals != nil {
      return "--group-size goes with --edges or alone: --quantiles and --intervals are numbers of groups."
    }
    for (name, value) in [
      (Name.groups, groups), (.groupSize, groupSize), (.quantiles, quantiles), (.intervals, intervals), (.votes, votes),
      (.minimum, minimum),
    ] {
      guard let value, !(1...(1 << 20)).contains(value) else { continue }
      return "--\(name.rawValue) takes a number from 1 to \(1 << 20), not \(value)."
    }
    if let edges, zip(edges, edges.dropFirst()).contains(where: { $0 >= $1 }) { return "--edges have to ascend." }
    return nil
  }
}
