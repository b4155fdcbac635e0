/// One cell of a query's answer, with SQLite's types.
public enum CatalogValue: Hashable, Sendable {
  /// SQL `NULL`.
  case null
  /// A 64-bit integer: counts, ids, and truth as 0 or 1.
  case integer(Int64)
  /// An IEEE double.
  case real(Double)
  /// Text, as UTF-8.
  case text(String)
  /// Bytes as they are stored.
  case blob([UInt8])
}

/// The answer to a query.
public struct CatalogResult: Hashable, Sendable {
  /// Names as the statement gives them; two may be the same.
  public var columns: [String]
  /// One value for each column.
  public var rows: [[CatalogValue]]
}

/// What a query may take. A query that takes more fails; it never gives half an answer.
public struct QueryLimits: Hashable, Sendable {
  /// Wall-clock time from the call to the last row.
  public var deadline: Duration
  /// The most rows of an answer.
  public var rows: Int
  /// Bytes of the answer as lines of JSON: names of columns, empty texts and NULL count in every row.
  public var bytes: Int
  /// Bytes that SQLite may take for the statement: for sorting, grouping and joining. What others take meanwhile does not
  /// count.
  public var memory: Int64

  public init(
    deadline: Duration = .seconds(10), rows: Int = 100_000, bytes: Int = 64 << 20, memory: Int64 = 256 << 20
  ) {
    self.deadline = deadline
    self.rows = rows
    self.bytes = bytes
    self.memory = memory
  }

  /// Bytes of UTF-8 that a statement may have.
  public static let statementBytes = 64 << 10
  /// Instructions of SQLite's machine that a statement may be compiled to.
  public static let instructions = 10_000
  /// Bytes that one text or blob may have, intermediate ones included.
  public static let valueBytes = 512 << 10
}
