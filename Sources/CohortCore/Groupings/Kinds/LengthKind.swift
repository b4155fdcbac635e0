extension GroupingDefinition {
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
  public enum LengthPart: UInt8, CaseIterable, Hashable, Sendable {
    /// The messages before the response.
    case prompt = 0
    /// The last message of the assistant.
    case response = 1
    /// All messages.
    case total = 2

    /// The word used on the command line.
    public var name: String {
      switch self {
      case .prompt: "prompt"
      case .response: "response"
      case .total: "total"
      }
    }
  }
}

/// By the length of a part of the messages.
public struct LengthKind: GroupingKind {
  /// The part of the messages whose length decides.
  public var part: GroupingDefinition.LengthPart
  /// How the intervals are found.
  public var edges: GroupingDefinition.Edges
  /// A further length measure, by its name; nil for the store's own.
  public var measure: String?

  public init(part: GroupingDefinition.LengthPart, edges: GroupingDefinition.Edges, measure: String? = nil) {
    self.part = part
    self.edges = edges
    self.measure = measure
  }

  public var source: GroupingSource { measure.map { .lengths(measure: $0) } ?? .samples }

  // MARK: Stored form

  /// By the store's own measure, and by a named one.
  public static let tags: [UInt8] = [2, 6]

  public init(tag: UInt8, from reader: inout ByteReader) throws {
    measure = tag == 6 ? try reader.string() : nil
    guard let part = GroupingDefinition.LengthPart(rawValue: try reader.fixed()) else {
      throw CohortError.invalid("the part that is measured", at: reader.offset - 1)
    }
    self.part = part
    switch try reader.fixed(UInt8.self) {
    case 0:
      var values: [UInt64] = []
      for _ in 0..<(try reader.count()) { values.append(try reader.varint()) }
      edges = .given(values)
    case 1: edges = .equalWidth(try reader.size())
    case 2: edges = .quantiles(try reader.size())
    case let tag: throw CohortError.invalid("the edges", at: reader.offset - 1, cause: "tag \(tag)")
    }
  }

  public func encode(into writer: inout ByteWriter) {
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
  }

  // MARK: Spelling

  public static let spellings = ["length", "length:MEASURE"]
  public static let choices: Set<GroupingChoices.Name> = [.groupSize, .edges, .quantiles, .intervals, .measure]

  /// A star makes it a product, whose factors may be called like that.
  public static func argument(of text: String) -> String? {
    text == "length" ? "" : ProductKind.argument(of: text) == nil ? text.rest(after: "length:") : nil
  }

  public var spelling: String { measure.map { "length:\($0)" } ?? "length" }

  public func text(in definition: GroupingDefinition) -> String {
    var divided =
      switch edges {
      case .given(let values) where values.isEmpty: "no edges"
      case .given(let values): "edges \(values.map(String.init).joined(separator: ","))"
      case .equalWidth(let count): "\(count) intervals"
      case .quantiles(let count): "\(count) quantiles"
      }
    if case .groupSize(let size) = definition.granularity { divided += ", \(size) samples a group" }
    return "\(part.name) length\(measure.map { " by \($0)" } ?? ""), \(divided)"
  }

  public var fields: [GroupingField] {
    let divided =
      switch edges {
      case .given(let values): GroupingField("edges", .numbers(values))
      case .equalWidth(let count): GroupingField("intervals", .number(UInt64(clamping: count)))
      case .quantiles(let count): GroupingField("quantiles", .number(UInt64(clamping: count)))
      }
    return [GroupingField("measure", .text(part.name)), divided]
  }
}

extension GroupingKind where Self == LengthKind {
  /// The length of a part of the messages, by the store's own measure or by the one named.
  public static func length(
    _ part: GroupingDefinition.LengthPart, _ edges: GroupingDefinition.Edges, measure: String? = nil
  ) -> LengthKind {
    LengthKind(part: part, edges: edges, measure: measure)
  }
}
