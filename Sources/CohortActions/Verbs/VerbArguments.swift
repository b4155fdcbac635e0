internal import CohortCore

/// The named values that a verb is asked with, from the path, the query and the body of a request.
///
/// `Verb.arguments(path:query:body:)` makes them: each is what its parameter's shape says, and what was not given but has
/// a standard value is there with that.
public struct VerbArguments: Sendable {
  /// By the names of the verb's parameters.
  public let values: [String: ReportValue]

  public init(_ values: [String: ReportValue] = [:]) { self.values = values }

  /// Whether the request only asks what would happen.
  public var isDryRun: Bool { flag("dry_run") }

  /// Whether a value is there.
  public func has(_ name: String) -> Bool { values[name] != nil }

  /// A truth value; false where nothing was said.
  public func flag(_ name: String) -> Bool {
    guard case .boolean(let value) = values[name] else { return false }
    return value
  }

  /// A text, or nil where nothing was said.
  /// - Throws: `cli.argument` for a value of another type, as all of these.
  public func text(ifGiven name: String) throws -> String? {
    try value(name, "a text") { value in
      guard case .text(let text) = value else { return nil }
      return text
    }
  }

  /// A text that must be there.
  public func text(_ name: String) throws -> String { try given(name, text(ifGiven: name)) }

  /// A whole number of any type that holds it.
  public func count<T: FixedWidthInteger>(ifGiven name: String, as type: T.Type = T.self) throws -> T? {
    try value(name, "a whole number") { value in
      switch value {
      case .integer(let number): T(exactly: number)
      case .unsigned(let number): T(exactly: number)
      default: nil
      }
    }
  }

  /// A whole number that must be there.
  public func count<T: FixedWidthInteger>(_ name: String, as type: T.Type = T.self) throws -> T {
    try given(name, count(ifGiven: name))
  }

  /// A real number; whole ones are, too.
  public func number(ifGiven name: String) throws -> Double? {
    try value(name, "a number") { $0.double }
  }

  /// A real number that must be there.
  public func number(_ name: String) throws -> Double { try given(name, number(ifGiven: name)) }

  /// The texts of a list; none where nothing was said.
  public func texts(_ name: String) throws -> [String] {
    try value(name, "a list of texts") { value in
      guard case .list(let values) = value else { return nil }
      let texts = values.compactMap { value -> String? in
        guard case .text(let text) = value else { return nil }
        return text
      }
      return texts.count == values.count ? texts : nil
    } ?? []
  }

  /// The whole numbers of a list; nil where nothing was said.
  public func counts(ifGiven name: String) throws -> [UInt64]? {
    try value(name, "a list of whole numbers") { value in
      guard case .list(let values) = value else { return nil }
      let numbers = values.compactMap { value -> UInt64? in
        switch value {
        case .integer(let number): UInt64(exactly: number)
        case .unsigned(let number): number
        default: nil
        }
      }
      return numbers.count == values.count ? numbers : nil
    }
  }

  /// The real numbers of a list; none where nothing was said.
  public func numbers(_ name: String) throws -> [Double] {
    try value(name, "a list of numbers") { value in
      guard case .list(let values) = value else { return nil }
      let numbers = values.compactMap(\.double)
      return numbers.count == values.count ? numbers : nil
    } ?? []
  }

  private func value<T>(_ name: String, _ expected: String, _ read: (ReportValue) -> T?) throws -> T? {
    guard let value = values[name] else { return nil }
    guard let read = read(value) else {
      throw CohortError.argument(name, "'\(name)' takes \(expected), not \(value.excerpt)")
    }
    return read
  }

  private func given<T>(_ name: String, _ value: T?) throws -> T {
    guard let value else { throw CohortError.argument(name, "'\(name)' is needed") }
    return value
  }
}

extension ReportValue {
  /// A number of any kind.
  var double: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .unsigned(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }

  /// The beginning of the value as JSON, for what is said of it.
  var excerpt: String {
    let text = JSONText.string(self)
    return text.count > 60 ? text.prefix(60) + "…" : text
  }
}
