/// A way to divide the store, as a value: what it looks at, how it is stored and spelled. How its groups come about is
/// said by the same type in the modules that know of engines (`CohortClustering`) and of the store's feed
/// (`CohortPipeline`). `Docs/architecture.md` lists what a new kind takes.
public protocol GroupingKind: Hashable, Sendable {
  // MARK: Stored form

  /// The first bytes of stored definitions of this kind. They never change, and no two kinds share one.
  static var tags: [UInt8] { get }

  /// Reads what follows a tag. - Throws: `core.truncated`, `core.invalid` for what makes no sense.
  init(tag: UInt8, from reader: inout ByteReader) throws

  /// Writes the tag and what follows it.
  func encode(into writer: inout ByteWriter)

  // MARK: Needs

  /// Whose changes the groups follow, and what must be there before a sample can have a group.
  var source: GroupingSource { get }

  /// Whether such a grouping keeps bytes that its definition only names.
  var hasMaterial: Bool { get }

  /// What a reader of a store with such a grouping must know.
  var features: [GroupingFeature] { get }

  /// What a reader of a store must know once such a grouping has had a complete round.
  var featuresOfRounds: [GroupingFeature] { get }

  /// The greatest squared distance at which a member counts as leaked; nil where nothing leaks.
  var leakageBound: Float? { get }

  // MARK: Spelling

  /// What the command line takes after `--by`, with placeholders in capitals.
  static var spellings: [String] { get }

  /// What may be chosen beside the spelling when such a grouping is made.
  static var choices: Set<GroupingChoices.Name> { get }

  /// What a text after `--by` says beside the kind (empty where there is nothing to say); nil for a text that means
  /// another kind.
  static func argument(of text: String) -> String?

  /// What `--by` would take to make this grouping.
  var spelling: String { get }

  /// In the words of people: `response length, 8 quantiles`.
  func text(in definition: GroupingDefinition) -> String

  /// What is to be said of the kind beside its spelling, for programs.
  var fields: [GroupingField] { get }
}

extension GroupingKind {
  public var hasMaterial: Bool { false }
  public var features: [GroupingFeature] { [] }
  public var featuresOfRounds: [GroupingFeature] { [] }
  public var leakageBound: Float? { nil }
  public static var choices: Set<GroupingChoices.Name> { [] }
  public static func argument(of text: String) -> String? { spellings.contains(text) ? "" : nil }
  public func text(in definition: GroupingDefinition) -> String { spelling }
  public var fields: [GroupingField] { [] }
}

/// Whose changes a grouping follows.
public enum GroupingSource: Hashable, Sendable {
  /// Samples as they are ingested: what never changes about them.
  case samples
  /// Samples as they are ingested, and each change of their task and attributes.
  case labels
  /// Samples as they get a vector in a space.
  case vectors(space: String)
  /// Samples as they are measured by a further length measure.
  case lengths(measure: String)
  /// The groups of other groupings, by their names.
  case factors([String])
}

/// Something that not every reader of the store's format knows. The store says by which bit it is noted.
public enum GroupingFeature: Hashable, Sendable {
  /// Groupings by anchors and products.
  case derivedGroupings
  /// Rounds of groupings by embedding that note their rules, and balanced groupings.
  case embeddingRounds
}

/// One thing to say of a grouping, for programs.
public struct GroupingField: Hashable, Sendable {
  /// The types of values that a field can have, so that each shell chooses how to write them.
  public enum Value: Hashable, Sendable {
    /// A name or words.
    case text(String)
    /// A count, an id or a bound.
    case number(UInt64)
    /// A cosine or another real number.
    case real(Double)
    /// Several numbers in order, such as edges.
    case numbers([UInt64])
  }

  /// The key in reports; unique within one definition.
  public var name: String
  /// What the definition says there.
  public var value: Value

  public init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }
}

/// All kinds there are: the one place where a kind is registered.
public enum GroupingKinds {
  /// In the order in which they are offered, and asked whether a text means them.
  public static let all: [any GroupingKind.Type] = [
    TaskKind.self, EmbeddingKind.self, LengthKind.self, AnchorsKind.self, AttributeKind.self, ProductKind.self,
  ]
}
