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

extension LogEvent {
  /// What an entry did, as the column `log.summary` shows it.
  var summary: [String: SummaryValue] {
    switch self {
    case .storeCreated(let id, let configuration):
      return [
        "id": .text("\(id)"), "length_unit": .text(configuration.lengthUnit.name),
        "dedupe": .text(configuration.dedupe.name),
      ]
    case .ingest(let event):
      var summary: [String: SummaryValue] = [
        "source": .number(UInt64(event.source.rawValue)), "first": .number(event.first.rawValue),
        "inserted": .number(event.inserted), "duplicates": .number(event.duplicates),
        "quarantined": .number(event.quarantined),
      ]
      if let source = event.newSource { summary["new_source"] = .text(source.name) }
      if !event.newTasks.isEmpty { summary["new_tasks"] = .number(UInt64(event.newTasks.count)) }
      return summary
    case .embed(let event):
      var summary: [String: SummaryValue] = [
        "space": .number(UInt64(event.space.rawValue)), "vectors": .number(event.ranges.total),
        "without": .number(event.without.total),
      ]
      if !event.refused.isEmpty { summary["refused"] = .number(UInt64(event.refused.count)) }
      return summary
    case .groupingCreated(let event):
      return event.definition.summary.merging([
        "grouping": .number(UInt64(event.id.rawValue)), "name": .text(event.name),
      ]) { $1 }
    case .groupingDropped(let id): return ["grouping": .number(UInt64(id.rawValue))]
    case .round(let event):
      return [
        "grouping": .number(UInt64(event.grouping.rawValue)), "assigned": .number(event.assigned),
        "events": .number(UInt64(event.events.count)), "provisional": .flag(event.provisional),
        "state": .text(event.state.hexadecimal),
      ]
    case .delete(let event): return ["samples": .number(UInt64(event.ids.count)), "reason": .text(event.reason)]
    case .snapshotCreated(let event):
      return [
        "snapshot": .number(UInt64(event.id)), "name": .text(event.name), "samples": .number(event.samples),
        "digest": .text("\(event.digest)"),
      ]
    case .planCreated(let event):
      return [
        "plan": .number(UInt64(event.id)), "name": .text(event.name), "snapshot": .number(UInt64(event.snapshot)),
        "grouping": .number(UInt64(event.grouping.rawValue)), "hash": .text("\(event.hash)"),
      ]
    case .snapshotDropped(let id, let name): return ["snapshot": .number(UInt64(id)), "name": .text(name)]
    case .planDropped(let id, let name): return ["plan": .number(UInt64(id)), "name": .text(name)]
    case .checkpoint(let event):
      return [
        "run": .text(event.run), "number": .number(event.number), "epoch": .number(event.epoch),
        "step": .number(event.step),
      ]
    case .dictionaryTrained(let number, let bytes):
      return ["dictionary": .number(UInt64(number)), "bytes": .number(bytes)]
    case .spaceCreated(let event):
      return [
        "space": .number(UInt64(event.id.rawValue)), "name": .text(event.name),
        "dimension": .number(UInt64(event.dimension)),
      ]
    case .spaceDropped(let id, let name), .spaceMadeDefault(let id, let name):
      return ["space": .number(UInt64(id.rawValue)), "name": .text(name)]
    case .runCreated(let name, let plan, _): return ["run": .text(name), "plan": .text(plan)]
    case .measureCreated(let event):
      var summary: [String: SummaryValue] = [
        "measure": .number(UInt64(event.id.rawValue)), "name": .text(event.name), "unit": .text(event.unit.name),
      ]
      if let tokenizer = event.tokenizer { summary["tokenizer"] = .text("\(tokenizer)") }
      return summary
    case .measureDropped(let id, let name): return ["measure": .number(UInt64(id.rawValue)), "name": .text(name)]
    case .measured(let event):
      return ["measure": .number(UInt64(event.measure.rawValue)), "samples": .number(event.ranges.total)]
    }
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

extension [IDRange] {
  /// How many ids they hold together.
  var total: UInt64 { reduce(0) { $0 &+ $1.count } }
}

extension UInt64 {
  /// 16 hexadecimal digits.
  var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
