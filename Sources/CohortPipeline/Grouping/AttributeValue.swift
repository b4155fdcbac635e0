internal import Foundation

/// A value of a sample's attributes.
package enum AttributeValue: Decodable, Encodable, Sendable {
  case null
  case truth(Bool)
  case integer(Int64)
  /// Beyond `Int64.max`.
  case large(UInt64)
  case number(Double)
  case string(String)
  case list([AttributeValue])
  case object([String: AttributeValue])

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .truth(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .large(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([AttributeValue].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: AttributeValue].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .truth(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .large(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  /// The label that this value makes; nil for null.
  package var text: String? {
    switch self {
    case .null: return nil
    case .truth(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .large(let value): return String(value)
    case .number(let value): return String(value)
    case .string(let value): return value
    case .list, .object:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
    }
  }
}
