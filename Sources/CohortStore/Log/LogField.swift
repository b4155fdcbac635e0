public import CohortCore

/// A named value of a log entry, for people and for queries.
public struct LogField: Hashable, Sendable {
  /// The types of values that a field can have, so that each view chooses how to write them.
  public enum Value: Hashable, Sendable {
    /// The entry has no value here.
    case none
    /// A yes or no.
    case boolean(Bool)
    /// How many, or how far.
    case count(UInt64)
    /// The number of something in the store.
    case id(UInt64)
    /// A name or words, for people.
    case text(String)
    /// Hexadecimal digits: 16 or 32.
    case digest(String)
    /// The definition of a grouping.
    case definition(GroupingDefinition)
  }

  /// Where a field is shown.
  public struct Views: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The details of `cohort log`.
    public static let listing = Views(rawValue: 1)
    /// The column `log.summary` of the catalog.
    public static let summary = Views(rawValue: 2)
    /// Every view.
    public static let all: Views = [.listing, .summary]
  }

  /// The key in JSON and in the summary, in snake case; unique within a view of the entry.
  public let name: String
  /// What the entry says.
  public let value: Value
  /// Where it is shown: a value may have another name in another view.
  public let views: Views

  init(_ name: String, _ value: Value, in views: Views = .all) {
    self.name = name
    self.value = value
    self.views = views
  }

  static func text(_ name: String, _ value: String, in views: Views = .all) -> LogField {
    LogField(name, .text(value), in: views)
  }

  static func count(_ name: String, _ value: some BinaryInteger, in views: Views = .all) -> LogField {
    LogField(name, .count(UInt64(clamping: value)), in: views)
  }

  static func id(_ name: String, _ value: some UnsignedInteger, in views: Views = .all) -> LogField {
    LogField(name, .id(UInt64(value)), in: views)
  }

  static func digest(_ name: String, _ value: Digest128, in views: Views = .all) -> LogField {
    LogField(name, .digest("\(value)"), in: views)
  }
}
