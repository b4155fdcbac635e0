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
  /// The definition with the words of the command line.
  var summary: [String: SummaryValue] {
    var summary: [String: SummaryValue] = [:]
    switch criterion {
    case .task: summary["by"] = .text("task")
    case .attribute(let key): summary["by"] = .text("attribute:\(key)")
    case .embedding(let space):
      summary["by"] = .text("embedding")
      summary["space"] = .text(space)
    case .anchors(let anchors):
      summary["by"] = .text("anchors")
      summary["space"] = .text(anchors.space)
      summary["votes"] = .number(UInt64(clamping: anchors.votes))
      summary["anchors"] = .text("\(anchors.set)")
    case .product(let first, let second, let minimum):
      summary["by"] = .text("\(first)*\(second)")
      summary["minimum"] = .number(UInt64(clamping: minimum))
    case .length(let part, let edges, let measure):
      summary["by"] = .text(measure.map { "length:\($0)" } ?? "length")
      summary["measure"] =
        switch part {
        case .prompt: .text("prompt")
        case .response: .text("response")
        case .total: .text("total")
        }
      switch edges {
      case .given(let values): summary["edges"] = .numbers(values)
      case .equalWidth(let count): summary["intervals"] = .number(UInt64(clamping: count))
      case .quantiles(let count): summary["quantiles"] = .number(UInt64(clamping: count))
      }
    }
    switch granularity {
    case .automatic: break
    case .groups(let count): summary["groups"] = .number(UInt64(clamping: count))
    case .groupSize(let size): summary["group_size"] = .number(UInt64(clamping: size))
    }
    return summary
  }
}
