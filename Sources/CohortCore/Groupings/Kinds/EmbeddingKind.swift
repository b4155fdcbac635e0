/// By neighbourhood in an embedding space.
public struct EmbeddingKind: GroupingKind {
  /// The name of the embedding space whose vectors are clustered.
  public var space: String

  public init(space: String) { self.space = space }

  public static let tags: [UInt8] = [3]
  public init(tag: UInt8, from reader: inout ByteReader) throws { space = try reader.string() }
  public func encode(into writer: inout ByteWriter) {
    writer.fixed(UInt8(3))
    writer.string(space)
  }

  public var source: GroupingSource { .vectors(space: space) }
  public var featuresOfRounds: [GroupingFeature] { [.embeddingRounds] }

  public static let spellings = ["embedding"]
  public static let choices: Set<GroupingChoices.Name> = [.groups, .groupSize, .balance, .space]
  public var spelling: String { "embedding" }
  public var fields: [GroupingField] { [GroupingField("space", .text(space))] }

  public func text(in definition: GroupingDefinition) -> String {
    let kind = definition.isBalanced ? "balanced embedding" : "embedding"
    return switch definition.granularity {
    case .groups(let count): "\(kind) \(space), \(count) groups"
    case .groupSize(let size): "\(kind) \(space), \(size) samples a group"
    case .automatic: "\(kind) \(space)"
    }
  }
}

extension GroupingKind where Self == EmbeddingKind {
  /// Neighbourhood in the named embedding space.
  public static func embedding(space: String) -> EmbeddingKind { EmbeddingKind(space: space) }
}
