/// By the labels of the nearest labelled anchor vectors.
public struct AnchorsKind: GroupingKind {
  /// The name of the embedding space that samples and anchors lie in.
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

  public static let tags: [UInt8] = [4]

  public init(tag: UInt8, from reader: inout ByteReader) throws {
    space = try reader.string()
    votes = try reader.size()
    leakage = try reader.float()
    guard leakage >= -1, leakage <= 1 else { throw CohortError.invalid("a cosine", at: reader.offset - 4) }
    set = Digest128(high: try reader.fixed(), low: try reader.fixed())
  }

  public func encode(into writer: inout ByteWriter) {
    writer.fixed(UInt8(4))
    writer.string(space)
    writer.varint(votes)
    writer.fixed(leakage)
    writer.fixed(set.high)
    writer.fixed(set.low)
  }

  public var source: GroupingSource { .vectors(space: space) }
  public var hasMaterial: Bool { true }
  public var features: [GroupingFeature] { [.derivedGroupings] }
  public var leakageBound: Float? { Self.squaredDistance(ofCosine: leakage) }

  /// The greatest squared distance at which a sample counts as leaked: |a - b|² = 2 - 2 cos.
  public static func squaredDistance(ofCosine cosine: Float) -> Float { 2 - 2 * cosine }

  public static let spellings = ["anchors"]
  public static let choices: Set<GroupingChoices.Name> = [.space, .anchors, .votes, .leakage]
  public var spelling: String { "anchors" }

  public func text(in definition: GroupingDefinition) -> String {
    votes == 1 ? "nearest anchor in \(space)" : "\(votes) nearest anchors in \(space)"
  }

  public var fields: [GroupingField] {
    [
      GroupingField("space", .text(space)), GroupingField("votes", .number(UInt64(clamping: votes))),
      GroupingField("anchors", .text("\(set)")),
    ]
  }
}

extension GroupingKind where Self == AnchorsKind {
  /// The labels of the nearest labelled anchor vectors.
  public static func anchors(_ kind: AnchorsKind) -> AnchorsKind { kind }
}
