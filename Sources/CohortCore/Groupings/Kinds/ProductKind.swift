/// By the cells of two other groupings.
public struct ProductKind: GroupingKind {
  /// The name of the factor whose groups are divided further.
  public var first: String
  /// The name of the factor that divides them.
  public var second: String
  /// Cells of fewer samples are folded into the rest of their part of the first.
  public var minimum: Int

  public init(_ first: String, _ second: String, minimum: Int) {
    self.first = first
    self.second = second
    self.minimum = minimum
  }

  public static let tags: [UInt8] = [5]

  public init(tag: UInt8, from reader: inout ByteReader) throws {
    first = try reader.string()
    second = try reader.string()
    minimum = try reader.size()
  }

  public func encode(into writer: inout ByteWriter) {
    writer.fixed(UInt8(5))
    writer.string(first)
    writer.string(second)
    writer.varint(minimum)
  }

  public var source: GroupingSource { .factors([first, second]) }
  public var features: [GroupingFeature] { [.derivedGroupings] }

  public static let spellings = ["A*B"]
  public static let choices: Set<GroupingChoices.Name> = [.minimum]

  /// The names as they were typed: which star parts them is known when the groupings are.
  public static func argument(of text: String) -> String? { text.dropFirst().dropLast().contains("*") ? text : nil }

  public var spelling: String { "\(first)*\(second)" }

  public func text(in definition: GroupingDefinition) -> String { "\(spelling), at least \(minimum) samples a cell" }

  public var fields: [GroupingField] { [GroupingField("minimum", .number(UInt64(clamping: minimum)))] }
}

extension GroupingKind where Self == ProductKind {
  /// The cells of two other groupings, by their names.
  public static func product(_ first: String, _ second: String, minimum: Int) -> ProductKind {
    ProductKind(first, second, minimum: minimum)
  }
}
