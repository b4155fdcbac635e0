import CohortCore
import CohortIngestion
import CohortTesting
import Foundation

@testable import CohortActions

/// Whether values look as a shape says: names both ways, types, bounds.
enum Conformance {
  /// What is wrong with a value, with where it is; nil when nothing is.
  static func fault(_ value: ReportValue, _ shape: ValueShape, at place: String = "answer") -> String? {
    switch (shape, value) {
    case (.any, _), (.text, .text), (.boolean, .boolean), (.optional, .null): return nil
    case (.choice(let words), .text(let word)) where words.contains(word): return nil
    case (.integer(let range), .integer(let number)) where range.contains(number): return nil
    case (.unsigned(let range), .integer(let number)):
      if let number = UInt64(exactly: number), range.contains(number) { return nil }
    case (.unsigned(let range), .unsigned(let number)) where range.contains(number): return nil
    case (.number, _) where value.double != nil: return nil
    case (.bounded(let range), _): if let number = value.double, range.contains(number) { return nil }
    case (.time, .text(let text)):
      if (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)) != nil { return nil }
    case (.optional(let shape), _): return fault(value, shape, at: place)
    case (.list(let shape), .list(let values)):
      return values.enumerated().lazy.compactMap { fault($0.element, shape, at: "\(place)[\($0.offset)]") }.first
    case (.map(let shape), .record(let record)):
      return record.fields.lazy.compactMap { fault($0.value, shape, at: "\(place).\($0.name)") }.first
    case (.record(let fields), .record(let record)): return fault(record, fields, at: place)
    default: break
    }
    return "\(place) is \(value.excerpt), and should be \(shape.words)"
  }

  static func fault(_ record: ReportRecord, _ fields: [VerbField], at place: String = "answer") -> String? {
    let names = record.fields.map(\.name)
    if Set(names).count < names.count { return "\(place) has a name twice" }
    if let unknown = names.first(where: { name in !fields.contains { $0.name == name } }) {
      return "\(place) has '\(unknown)', which is not declared"
    }
    if let missing = fields.first(where: { $0.isRequired && !names.contains($0.name) }) {
      return "\(place) lacks '\(missing.name)'"
    }
    return record.fields.lazy.compactMap { field in
      fields.first { $0.name == field.name }.flatMap {
        fault(field.value, $0.shape, at: "\(place).\(field.name)")
      }
    }.first
  }

  /// A record as a client reads it: written and parsed again.
  static func parsed(_ record: ReportRecord) throws -> ReportRecord {
    var bytes: [UInt8] = []
    JSONText.append(record, to: &bytes)
    let tree = try JSONTree(parsing: bytes, as: ErrorCode(.core, "test", .failure))
    guard case .record(let record) = ReportValue(tree) else { throw Unexpected("no object") }
    return record
  }
}
