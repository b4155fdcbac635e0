internal import CohortCore
internal import CohortStore
internal import Foundation

/// One value of a JSON object that people and `json_extract` read.
enum SummaryValue: Encodable {
  case text(String)
  case number(UInt64)
  case flag(Bool)
  case numbers([UInt64])

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .flag(let value): try container.encode(value)
    case .numbers(let value): try container.encode(value)
    }
  }

  /// Keys in alphabetical order, so that the same object gives the same text.
  static func json(_ object: [String: SummaryValue]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(object), as: UTF8.self)
  }
}

extension LogPayload {
  /// What an entry did, as the column `log.summary` shows it. What defines a grouping is spread among the other fields.
  var summary: [String: SummaryValue] {
    var summary: [String: SummaryValue] = [:]
    for field in fields where field.views.contains(.summary) {
      switch field.value {
      case .none: break
      case .boolean(let value): summary[field.name] = .flag(value)
      case .count(let value), .id(let value): summary[field.name] = .number(value)
      case .text(let value), .digest(let value): summary[field.name] = .text(value)
      case .definition(let definition): summary.merge(definition.summary) { own, _ in own }
      }
    }
    return summary
  }
}

extension GroupingDefinition {
  var summary: [String: SummaryValue] {
    Dictionary(fields.map { ($0.name, $0.value.summary) }) { first, _ in first }
  }
}

extension GroupingField.Value {
  fileprivate var summary: SummaryValue {
    switch self {
    case .text(let value): .text(value)
    case .number(let value): .number(value)
    case .real(let value): .text("\(value)")
    case .numbers(let value): .numbers(value)
    }
  }
}
