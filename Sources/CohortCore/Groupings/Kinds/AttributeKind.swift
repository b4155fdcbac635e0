/// By the value of one attribute of the samples (a JSON key of the input that no layout uses).
public struct AttributeKind: GroupingKind {
  /// The JSON key, as the input spells it.
  public var key: String

  public init(key: String) { self.key = key }

  public static let tags: [UInt8] = [1]
  public init(tag: UInt8, from reader: inout ByteReader) throws { key = try reader.string() }
  public func encode(into writer: inout ByteWriter) {
    writer.fixed(UInt8(1))
    writer.string(key)
  }

  public var source: GroupingSource { .labels }

  private static let prefix = "attribute:"
  public static let spellings = ["attribute:KEY"]
  public static func argument(of text: String) -> String? { text.rest(after: prefix) }
  public var spelling: String { Self.prefix + key }
}

extension GroupingKind where Self == AttributeKind {
  /// The value of one attribute of the samples.
  public static func attribute(_ key: String) -> AttributeKind { AttributeKind(key: key) }
}

extension String {
  /// What follows a prefix, if that is something.
  func rest(after prefix: String) -> String? {
    hasPrefix(prefix) && count > prefix.count ? String(dropFirst(prefix.count)) : nil
  }
}
