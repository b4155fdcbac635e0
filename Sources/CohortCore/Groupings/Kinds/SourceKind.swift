/// By the source that a sample came from.
public struct SourceKind: GroupingKind {
  /// The only value: sources need no further choice.
  public init() {}

  public static let tags: [UInt8] = [7]
  public init(tag: UInt8, from reader: inout ByteReader) throws {}
  public func encode(into writer: inout ByteWriter) { writer.fixed(UInt8(7)) }

  public var source: GroupingSource { .samples }
  public var features: [GroupingFeature] { [.sourceGroupings] }

  public static let spellings = ["source"]
  public var spelling: String { "source" }
}

extension GroupingKind where Self == SourceKind {
  /// The source that a sample came from.
  public static var source: SourceKind { SourceKind() }
}
