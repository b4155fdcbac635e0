/// How a grouping divides the store: fixed when it is created, part of the log.
public struct GroupingDefinition: Hashable, Sendable {
  /// How the intervals of a length grouping are found.
  public enum Edges: Hashable, Sendable {
    /// The inner edges, ascending: `[16, 64]` makes `[0,16) [16,64) [64,∞)`.
    case given([UInt64])
    /// This many intervals of equal width between the least and the greatest length.
    case equalWidth(Int)
    /// This many intervals with equally many samples each.
    case quantiles(Int)
  }

  /// Which part of a sample's messages a length grouping looks at.
  public enum LengthPart: UInt8, Hashable, Sendable {
    case prompt = 0
    case response = 1
    case total = 2
  }

  /// What a grouping by anchors compares samples with.
  public struct Anchors: Hashable, Sendable {
    /// The embedding space.
    public var space: String
    /// How many nearest anchors vote on the label: 1 for the nearest one's.
    public var votes: Int
    /// A sample whose cosine with its nearest anchor is at least this counts as leaked.
    public var leakage: Float
    /// XXH3-128 of the anchors' bytes, which the store keeps.
    public var set: Digest128

    public init(space: String, votes: Int, leakage: Float, set: Digest128) {
      self.space = space
      self.votes = votes
      self.leakage = leakage
      self.set = set
    }

    /// The greatest squared distance at which a sample counts as leaked: |a - b|² = 2 - 2 cos.
    public static func squaredDistance(ofCosine cosine: Float) -> Float { 2 - 2 * cosine }
  }

  /// What makes two samples members of one group.
  public enum Criterion: Hashable, Sendable {
    case task
    /// The value of one attribute of the samples (a JSON key of the input that no layout uses).
    case attribute(String)
    /// The length of a part of the messages, by the store's own measure or by the one named.
    case length(LengthPart, Edges, measure: String? = nil)
    /// Neighbourhood in the named embedding space.
    case embedding(space: String)
    /// The label of the nearest labelled anchor vectors.
    case anchors(Anchors)
    /// The cells of two other groupings, by their names. Cells of fewer than `minimum` samples are folded into the rest of
    /// their part of the first.
    case product(String, String, minimum: Int)
  }

  /// How many groups there shall be. Ignored by `task`, `attribute`, `anchors` and `product`.
  public enum Granularity: Hashable, Sendable {
    /// At most this many groups.
    case groups(Int)
    /// About this many samples a group: the number of groups follows the store's size.
    case groupSize(Int)
    /// Chosen from the size of the store.
    case automatic
  }

  /// The space that samples must have a vector in to get a group; nil where none is looked at.
  public var space: String? {
    switch criterion {
    case .embedding(let space): space
    case .anchors(let anchors): anchors.space
    case .task, .attribute, .length, .product: nil
    }
  }

  /// The length measure that samples must be measured by to get a group; nil where none but the store's own is looked at.
  public var measure: String? {
    if case .length(_, _, let measure) = criterion { measure } else { nil }
  }

  public var criterion: Criterion
  public var granularity: Granularity
  /// Whether the sizes of groups are bounded: from a quarter of the size aimed at to four times it. Only groupings by
  /// embedding look at it.
  public var isBalanced: Bool

  public init(criterion: Criterion, granularity: Granularity = .automatic, isBalanced: Bool = false) {
    self.criterion = criterion
    self.granularity = granularity
    self.isBalanced = isBalanced
  }

  /// Says that the granularity that follows is balanced.
  private static let balancedTag: UInt8 = 3

  /// A tag byte and value for the criterion, then for the granularity, the latter after a byte 3 if it is balanced. Counts
  /// must lie in 0 to 2³¹ − 1.
  public func encode(into writer: inout ByteWriter) {
    switch criterion {
    case .task: writer.fixed(UInt8(0))
    case .attribute(let key):
      writer.fixed(UInt8(1))
      writer.string(key)
    case .length(let part, let edges, let measure):
      writer.fixed(UInt8(measure == nil ? 2 : 6))
      if let measure { writer.string(measure) }
      writer.fixed(part.rawValue)
      switch edges {
      case .given(let values):
        writer.fixed(UInt8(0))
        writer.varint(values.count)
        for value in values { writer.varint(value) }
      case .equalWidth(let count):
        writer.fixed(UInt8(1))
        writer.varint(count)
      case .quantiles(let count):
        writer.fixed(UInt8(2))
        writer.varint(count)
      }
    case .embedding(let space):
      writer.fixed(UInt8(3))
      writer.string(space)
    case .anchors(let anchors):
      writer.fixed(UInt8(4))
      writer.string(anchors.space)
      writer.varint(anchors.votes)
      writer.fixed(anchors.leakage)
      writer.fixed(anchors.set.high)
      writer.fixed(anchors.set.low)
    case .product(let first, let second, let minimum):
      writer.fixed(UInt8(5))
      writer.string(first)
      writer.string(second)
      writer.varint(minimum)
    }
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
    switch try reader.fixed(UInt8.self) {
    case 0: criterion = .task
    case 1: criterion = .attribute(try reader.string())
    case 2: criterion = .length(try Self.part(from: &reader), try Self.edges(from: &reader))
    case 3: criterion = .embedding(space: try reader.string())
    case 4:
      criterion = .anchors(
        Anchors(
          space: try reader.string(), votes: try Self.size(from: &reader), leakage: try Self.cosine(from: &reader),
          set: Digest128(high: try reader.fixed(), low: try reader.fixed())))
    case 5:
      criterion = .product(try reader.string(), try reader.string(), minimum: try Self.size(from: &reader))
    case 6:
      let measure = try reader.string()
      criterion = .length(try Self.part(from: &reader), try Self.edges(from: &reader), measure: measure)
    case let tag: throw CohortError.invalid("a grouping's criterion", at: reader.offset - 1, cause: "tag \(tag)")
    }
    var tag = try reader.fixed(UInt8.self)
    isBalanced = tag == Self.balancedTag
    if isBalanced { tag = try reader.fixed() }
    switch tag {
    case 0: granularity = .automatic
    case 1: granularity = .groups(try Self.size(from: &reader))
    case 2: granularity = .groupSize(try Self.size(from: &reader))
    case let tag: throw CohortError.invalid("a granularity", at: reader.offset - 1, cause: "tag \(tag)")
    }
  }

  private static func part(from reader: inout ByteReader) throws -> LengthPart {
    guard let part = LengthPart(rawValue: try reader.fixed()) else {
      throw CohortError.invalid("the part that is measured", at: reader.offset - 1)
    }
    return part
  }

  private static func edges(from reader: inout ByteReader) throws -> Edges {
    switch try reader.fixed(UInt8.self) {
    case 0:
      var values: [UInt64] = []
      for _ in 0..<(try reader.count()) { values.append(try reader.varint()) }
      return .given(values)
    case 1: return .equalWidth(try size(from: &reader))
    case 2: return .quantiles(try size(from: &reader))
    case let tag: throw CohortError.invalid("the edges", at: reader.offset - 1, cause: "tag \(tag)")
    }
  }

  private static func cosine(from reader: inout ByteReader) throws -> Float {
    let value = try reader.float()
    guard value >= -1, value <= 1 else { throw CohortError.invalid("a cosine", at: reader.offset - 4) }
    return value
  }

  private static func size(from reader: inout ByteReader) throws -> Int {
    let value = try reader.varint()
    guard value <= UInt64(Int32.max) else { throw CohortError.invalid("a size", at: reader.offset) }
    return Int(value)
  }
}
