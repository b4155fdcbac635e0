/// A value on its way to standard output.
public enum ReportValue: Sendable {
  /// Not known, or not there.
  case null
  /// A yes or no.
  case boolean(Bool)
  /// A whole number, signed.
  case integer(Int64)
  /// A whole number beyond what `Int64` holds: ids above all.
  case unsigned(UInt64)
  /// A real number; JSON writes one that is not finite as `null`.
  case number(Double)
  /// Any text; writers escape what it must not do to a terminal.
  case text(String)
  /// Values in order.
  case list([ReportValue])
  /// Named values in order.
  case record(ReportRecord)
  /// A value that is JSON already.
  case encoded([UInt8])

  /// A text, or null.
  public static func optional(_ text: String?) -> ReportValue { text.map { .text($0) } ?? .null }
  /// A number, or null.
  public static func optional(_ number: Double?) -> ReportValue { number.map { .number($0) } ?? .null }
  /// How many there are, as a whole number.
  public static func count(_ value: Int) -> ReportValue { .integer(Int64(value)) }
  /// The same for a 64-bit count.
  public static func count(_ value: UInt64) -> ReportValue { .unsigned(value) }
  /// The same for a 32-bit count.
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
  /// In the order in which they were given; names are not checked for being unique.
  public private(set) var fields: [(name: String, value: ReportValue)]

  public init(_ fields: [(name: String, value: ReportValue)] = []) { self.fields = fields }

  public init(dictionaryLiteral elements: (String, ReportValue)...) {
    fields = elements.map { (name: $0.0, value: $0.1) }
  }

  /// The first value of a name; nil when there is none.
  /// Setting it changes that value, or adds a field behind the others; nil takes the field away.
  public subscript(name: String) -> ReportValue? {
    get { fields.first { $0.name == name }?.value }
    set {
      let index = fields.firstIndex { $0.name == name }
      switch (index, newValue) {
      case (let index?, let value?): fields[index].value = value
      case (let index?, nil): fields.remove(at: index)
      case (nil, let value?): fields.append((name: name, value: value))
      case (nil, nil): break
      }
    }
  }

  /// Adds a field behind the others.
  public mutating func append(_ name: String, _ value: ReportValue) { fields.append((name: name, value: value)) }
}

extension ReportValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral {
  public init(stringLiteral value: String) { self = .text(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  /// `nil` is null.
  public init(nilLiteral: ()) { self = .null }
}

/// A named value of the rows that a list has.
public struct ReportColumn: ExpressibleByStringLiteral, Hashable, Sendable {
  /// The key of the rows' field, and the heading of a table.
  public let name: String
  /// False for what only programs want: it is in JSON and CSV, not in tables.
  public let inTable: Bool

  public init(_ name: String, inTable: Bool = true) {
    self.name = name
    self.inTable = inTable
  }

  public init(stringLiteral value: String) { self.init(value) }

  /// A column for programs only: in JSON and CSV, not in tables.
  public static func hidden(_ name: String) -> ReportColumn { ReportColumn(name, inTable: false) }
}
