internal import CohortCore
internal import Foundation

extension ValueShape {
  /// Reads a value out of a text of a path or a query.
  /// - Throws: `cli.argument`, with what is taken.
  func value(of text: String, for name: String) throws -> ReportValue {
    let isNumeral = !text.isEmpty && text.utf8.allSatisfy { $0 == 0x2d || (0x30...0x39).contains($0) }
    let value: ReportValue? =
      switch self {
      case .text, .choice, .time, .any: .text(text)
      case .integer: isNumeral ? Int64(text).map { .integer($0) } : nil
      case .unsigned: isNumeral ? UInt64(text).map { .unsigned($0) } : nil
      case .number, .bounded: Self.number(text).map { .number($0) }
      case .boolean: text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : nil
      case .optional(let shape): try shape.value(of: text, for: name)
      case .list, .record, .map: nil
      }
    guard let value else { throw refusal(.text(text), name) }
    return try checked(value, for: name)
  }

  /// Numbers as JSON writes them, which is less than Swift reads: no hexadecimal ones, no infinity.
  private static func number(_ text: String) -> Double? {
    guard text.utf8.allSatisfy({ "+-.eE0123456789".utf8.contains($0) }), let value = Double(text), value.isFinite else {
      return nil
    }
    return value
  }

  /// The value in the type that the getters look for, if it has this shape.
  /// - Throws: `cli.argument`, with what is taken.
  func checked(_ value: ReportValue, for name: String) throws -> ReportValue {
    switch (self, value) {
    case (.any, _), (.text, .text), (.boolean, .boolean), (.optional, .null): return value
    case (.choice(let words), .text(let word)):
      guard !words.contains(word) else { return value }
      let close = Suggestion.closest(to: String(word.prefix(100)), among: words)
      throw refusal(value, name, hint: close.map { "Did you mean '\($0)'?" })
    case (.integer(let range), _):
      if let number = Self.whole(value, Int64.self), range.contains(number) { return .integer(number) }
    case (.unsigned(let range), _):
      if let number = Self.whole(value, UInt64.self), range.contains(number) { return .unsigned(number) }
    case (.number, _):
      if let number = value.double, number.isFinite { return .number(number) }
    case (.bounded(let range), _):
      if let number = value.double, range.contains(number) { return .number(number) }
    case (.time, .text(let text)):
      let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
      if (try? style.parse(text)) != nil { return value }
    case (.list(let shape), .list(let values)): return .list(try values.map { try shape.checked($0, for: name) })
    case (.map(let shape), .record(let record)):
      return .record(
        ReportRecord(try record.fields.map { (name: $0.name, value: try shape.checked($0.value, for: name)) }))
    case (.record(let fields), .record(let record)): return .record(try Self.checked(record, fields, for: name))
    case (.optional(let shape), _): return try shape.checked(value, for: name)
    default: break
    }
    throw refusal(value, name)
  }

  private static func checked(
    _ record: ReportRecord, _ fields: [VerbField], for name: String
  ) throws -> ReportRecord {
    for field in fields where field.isRequired && record[field.name] == nil {
      throw CohortError.argument("\(name).\(field.name)", "'\(name)' needs '\(field.name)'")
    }
    return ReportRecord(
      try record.fields.map { given in
        let shown = String(given.name.prefix(100))
        let place = "\(name).\(shown)"
        guard let field = fields.first(where: { $0.name == given.name }) else {
          let close = Suggestion.closest(to: shown, among: fields.map(\.name))
          throw CohortError.argument(
            place, "'\(name)' takes no '\(shown)'", hint: close.map { "Did you mean '\($0)'?" })
        }
        return (name: given.name, value: try field.shape.checked(given.value, for: place))
      })
  }

  /// A whole number, also when it was written as 5.0.
  private static func whole<T: FixedWidthInteger>(_ value: ReportValue, _ type: T.Type) -> T? {
    switch value {
    case .integer(let number): T(exactly: number)
    case .unsigned(let number): T(exactly: number)
    case .number(let number): T(exactly: number)
    default: nil
    }
  }

  private func refusal(_ value: ReportValue, _ name: String, hint: String? = nil) -> CohortError {
    CohortError.argument(name, "'\(name)' takes \(words), not \(value.excerpt)", hint: hint)
  }

  /// What is taken, in words.
  var words: String {
    switch self {
    case .text: "a text"
    case .choice(let words): "one of \(words.joined(separator: ", "))"
    case .integer(let range): Self.words("a whole number", range.lowerBound, range.upperBound, range.upperBound == .max)
    case .unsigned(let range):
      Self.words("a whole number", range.lowerBound, range.upperBound, range.upperBound == .max)
    case .number: "a number"
    case .bounded(let range): Self.words("a number", range.lowerBound, range.upperBound, false)
    case .boolean: "true or false"
    case .time: "a time as in RFC 3339"
    case .list(let shape): "a list, each \(shape.words)"
    case .record(let fields): "an object of \(fields.map(\.name).joined(separator: ", "))"
    case .map(let shape): "an object, each member \(shape.words)"
    case .optional(let shape): "\(shape.words) or null"
    case .any: "a value"
    }
  }

  private static func words<T>(_ kind: String, _ least: T, _ most: T, _ isOpen: Bool) -> String {
    isOpen ? "\(kind) from \(least)" : "\(kind) from \(least) to \(most)"
  }
}
