/// A value on its way to standard output.
public enum ReportValue: Sendable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case number(Double)
  case text(String)
  case list([ReportValue])
  case record(ReportRecord)
  /// A value that is JSON already.
  case encoded([UInt8])

  public static func optional(_ text: String?) -> ReportValue { text.map { .text($0) } ?? .null }
  public static func optional(_ number: Double?) -> ReportValue { number.map { .number($0) } ?? .null }
  public static func count(_ value: Int) -> ReportValue { .integer(Int64(value)) }
  public static func count(_ value: UInt64) -> ReportValue { .unsigned(value) }
  public static func count(_ value: UInt32) -> ReportValue { .unsigned(UInt64(value)) }

  /// Whether a table sets it to the right.
  public var isNumeric: Bool {
    switch self {
    case .integer, .unsigned, .number: true
    default: false
    }
  }
}

/// Named values in the order in which they are written. The order is part of the output: the same command prints the
/// same bytes.
public struct ReportRecord: Sendable, ExpressibleByDictionaryLiteral {
  public private(set) var fields: [(name: String, value: ReportValue)]

  public init(_ fields: [(name: String, value: ReportValue)] = []) { self.fields = fields }

  public init(dictionaryLiteral elements: (String, ReportValue)...) {
    fields = elements.map { (name: $0.0, value: $0.1) }
  }

  public subscript(name: String) -> ReportValue? { fields.first { $0.name == name }?.value }

  public mutating func append(_ name: String, _ value: ReportValue) { fields.append((name: name, value: value)) }
}

extension ReportValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral {
  public init(stringLiteral value: String) { self = .text(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(nilLiteral: ()) { self = .null }
}

/// A named value of the rows that a list has.
public struct ReportColumn: ExpressibleByStringLiteral, Hashable, Sendable {
  public let name: String
  /// False for what only programs want: it is in JSON and CSV, not in tables.
  public let inTable: Bool

  public init(_ name: String, inTable: Bool = true) {
    self.name = name
    self.inTable = inTable
  }

  public init(stringLiteral value: String) { self.init(value) }

  public static func hidden(_ name: String) -> ReportColumn { ReportColumn(name, inTable: false) }
}
