/// How a grouping divides the store: fixed when it is created, part of the log.
public struct GroupingDefinition: Sendable {
  /// How many groups there shall be. Ignored by `task`, `attribute`, `anchors` and `product`.
  public enum Granularity: Hashable, Sendable {
    /// At most this many groups.
    case groups(Int)
    /// About this many samples a group: the number of groups follows the store's size.
    case groupSize(Int)
    /// Chosen from the size of the store.
    case automatic
  }

  /// What makes two samples members of one group.
  public var criterion: any GroupingKind
  /// How many groups there shall be, for kinds that choose their number.
  public var granularity: Granularity
  /// Whether the sizes of groups are bounded: from a quarter of the size aimed at to four times it. Only groupings by
  /// embedding look at it.
  public var isBalanced: Bool

  public init(criterion: some GroupingKind, granularity: Granularity = .automatic, isBalanced: Bool = false) {
    self.criterion = criterion
    self.granularity = granularity
    self.isBalanced = isBalanced
  }

  /// The space that samples must have a vector in to get a group; nil where none is looked at.
  public var space: String? {
    if case .vectors(let space) = criterion.source { space } else { nil }
  }

  /// The length measure that samples must be measured by to get a group; nil where none but the store's own is looked at.
  public var measure: String? {
    if case .lengths(let measure) = criterion.source { measure } else { nil }
  }

  /// The groupings that the groups are computed from; none where samples are looked at.
  public var factors: [String] {
    if case .factors(let names) = criterion.source { names } else { [] }
  }

  /// What a reader of a store with such a grouping must know.
  public var features: [GroupingFeature] { criterion.features + (isBalanced ? [.embeddingRounds] : []) }

  /// In the words of the command line: `response length, 8 quantiles`.
  public var text: String { criterion.text(in: self) }

  /// The definition for programs: how it is spelled, then what the kind and the granularity say beside that.
  public var fields: [GroupingField] {
    var fields = [GroupingField("by", .text(criterion.spelling))] + criterion.fields
    switch granularity {
    case .automatic: break
    case .groups(let count): fields.append(GroupingField("groups", .number(UInt64(clamping: count))))
    case .groupSize(let size): fields.append(GroupingField("group_size", .number(UInt64(clamping: size))))
    }
    return fields
  }
}

extension GroupingDefinition: Hashable {
  public static func == (left: GroupingDefinition, right: GroupingDefinition) -> Bool {
    AnyHashable(left.criterion) == AnyHashable(right.criterion) && left.granularity == right.granularity
      && left.isBalanced == right.isBalanced
  }

  public func hash(into hasher: inout Hasher) {
    criterion.hash(into: &hasher)
    hasher.combine(granularity)
    hasher.combine(isBalanced)
  }
}

extension GroupingDefinition {
  /// Says that the granularity that follows is balanced.
  private static let balancedTag: UInt8 = 3

  /// A tag byte and value for the criterion, then for the granularity, the latter after a byte 3 if it is balanced. Counts
  /// must lie in 0 to 2³¹ − 1.
  public func encode(into writer: inout ByteWriter) {
    criterion.encode(into: &writer)
    if isBalanced { writer.fixed(Self.balancedTag) }
    switch granularity {
    case .automatic: writer.fixed(UInt8(0))
    case .groups(let count):
      writer.fixed(UInt8(1))
      writer.varint(count)
    case .groupSize(let size):
      writer.fixed(UInt8(2))
      writer.varint(size)
    }
  }

  public init(from reader: inout ByteReader) throws {
    var tag = try reader.fixed(UInt8.self)
    guard let kind = GroupingKinds.all.first(where: { $0.tags.contains(tag) }) else {
      throw CohortError.invalid("a grouping's criterion", at: reader.offset - 1, cause: "tag \(tag)")
    }
    criterion = try kind.init(tag: tag, from: &reader)
    tag = try reader.fixed()
    isBalanced = tag == Self.balancedTag
    if isBalanced { tag = try reader.fixed() }
    switch tag {
    case 0: granularity = .automatic
    case 1: granularity = .groups(try reader.size())
    case 2: granularity = .groupSize(try reader.size())
    case let tag: throw CohortError.invalid("a granularity", at: reader.offset - 1, cause: "tag \(tag)")
    }
  }
}

extension ByteReader {
  /// A count that fits 32 bits with sign.
  mutating func size() throws -> Int {
    let value = try varint()
    guard value <= UInt64(Int32.max) else { throw CohortError.invalid("a size", at: offset) }
    return Int(value)
  }
}
