/// Where a group lies, so that "the nearest group" has a meaning for every kind of grouping.
public enum GroupGeometry: Hashable, Sendable {
  /// A named part: a task, an attribute's value, a cell of a product.
  case label(String)
  /// Samples with `lower <= length < upper`.
  case interval(lower: UInt64, upper: UInt64)
  /// The published centroid of an embedding group, `dimension` values.
  case centroid([Float])

  /// What people call the group: its label or interval. A centroid has no name.
  public var text: String? {
    switch self {
    case .label(let text): text
    case .interval(let lower, let upper): upper == .max ? "\(lower)..." : "\(lower)..<\(upper)"
    case .centroid: nil
    }
  }

  /// A tag byte (0 label, 1 interval, 2 centroid), then the value; `Schemas` give the bytes.
  public func encode(into writer: inout ByteWriter) {
    switch self {
    case .label(let text):
      writer.fixed(UInt8(0))
      writer.string(text)
    case .interval(let lower, let upper):
      writer.fixed(UInt8(1))
      writer.fixed(lower)
      writer.fixed(upper)
    case .centroid(let values):
      writer.fixed(UInt8(2))
      writer.varint(values.count)
      writer.fixed(contentsOf: values)
    }
  }

  public init(from reader: inout ByteReader) throws {
    switch try reader.fixed(UInt8.self) {
    case 0: self = .label(try reader.string())
    case 1: self = .interval(lower: try reader.fixed(), upper: try reader.fixed())
    case 2:
      let count = try reader.count(unit: 4)
      var values: [Float] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(try reader.float()) }
      self = .centroid(values)
    case let tag: throw CohortError.invalid("a group's geometry", at: reader.offset - 1, cause: "tag \(tag)")
    }
  }
}
