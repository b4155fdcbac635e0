public import CohortCore
internal import CohortLMDB

/// A question in SQL that the store keeps under a name. The store does not look at the statement.
///
/// `queries[the name's UTF-8]`:
/// ```
/// u8 layout version (1) | string sql | option string about | i64 time | u64 sequence
/// ```
public struct SavedQuery: Hashable, Sendable {
  /// Given by the user; unique among the store's queries, and free again once the query is dropped.
  public var name: String
  /// The statement, with `:name` where a value is to be given.
  public var sql: String
  /// What it is good for; nil when nobody said.
  public var about: String?
  /// When it was saved: milliseconds since 1970, UTC.
  public var saved: Int64
  /// The log entry that saved it.
  public var sequence: LogSequence

  /// The longest statement, in bytes of UTF-8: what `cohort sql` takes.
  public static let longestStatement = 64 << 10
  /// The longest description, in bytes of UTF-8.
  public static let longestDescription = 4 << 10
  /// What can be named so.
  static let kind = "query"
  static let layoutVersion: UInt8 = 1
  /// A reader that does not know them does not know their log entries either.
  package static let table = OptionalTable(
    "queries", key: .bytes, number: 17, feature: StoreFeature(bit: 12, "queries"))

  static func key(_ name: String) -> [UInt8] { Array(name.utf8) }

  var encoded: [UInt8] {
    var writer = ByteWriter(capacity: sql.utf8.count + 32)
    writer.fixed(Self.layoutVersion)
    writer.string(sql)
    writer.optional(about)
    writer.fixed(saved)
    writer.fixed(sequence.rawValue)
    return writer.bytes
  }

  init(_ name: String, _ bytes: UnsafeRawBufferPointer) throws {
    let place = SealPlace(number: Self.table.number, XXH3.hash64(Self.key(name)))
    self = try Sealed.decode(bytes, place, "Query \"\(name)\"") { reader in
      let version = try reader.fixed(UInt8.self)
      guard version == Self.layoutVersion else { throw CohortError.invalid("its layout version", cause: "\(version)") }
      return SavedQuery(
        name: name, sql: try reader.string(), about: try reader.optionalString(), saved: try reader.fixed(),
        sequence: LogSequence(try reader.fixed()))
    }
  }

  init(name: String, sql: String, about: String?, saved: Int64, sequence: LogSequence) {
    self.name = name
    self.sql = sql
    self.about = about
    self.saved = saved
    self.sequence = sequence
  }
}

extension ReadTransaction {
  /// The saved query of a name; nil when there is none.
  /// - Throws: `store.corrupted`.
  public func query(named name: String) throws -> SavedQuery? {
    // LMDB has no empty keys, and none longer than that.
    guard !name.isEmpty, name.utf8.count <= NameRule.longest,
      let table = unsafe.table(SavedQuery.table.definition)
    else { return nil }
    return try unsafe.get(table, SavedQuery.key(name)).map { try SavedQuery(name, $0) }
  }

  /// All saved queries, in the order of their names' bytes.
  /// - Throws: `store.corrupted`.
  public func queries() throws -> [SavedQuery] {
    guard let table = unsafe.table(SavedQuery.table.definition) else { return [] }
    var queries: [SavedQuery] = []
    try unsafe.walk(table, from: []) { (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) in
      guard let name = String(validating: key, as: UTF8.self) else {
        throw CohortError.corrupted("The name of a query", cause: "it is not UTF-8")
      }
      queries.append(try SavedQuery(name, value))
      return true
    }
    return queries
  }

  /// The saved query of a name that must be there.
  /// - Throws: `store.unknown-query`, with the closest name.
  public func existingQuery(_ name: String) throws -> SavedQuery {
    guard let query = try query(named: name) else {
      throw CohortError.unknown(SavedQuery.kind, name, known: try queries().map(\.name))
    }
    return query
  }
}

extension WriteTransaction {
  /// Keeps a query under a name, and logs it.
  /// - Parameters:
  ///   - about: what it is good for.
  ///   - isReplacing: whether one of that name may go.
  /// - Throws: `store.name`; `store.query-exists`; `store.query` for a statement that is empty or too long.
  public func saveQuery(named name: String, sql: String, about: String? = nil, isReplacing: Bool = false) throws {
    try NameRule.check(name, of: SavedQuery.kind)
    guard sql.utf8.contains(where: { $0 > 0x20 }), sql.utf8.count <= SavedQuery.longestStatement else {
      throw CohortError(
        .storeQuery, "This cannot be kept as a query",
        cause: sql.utf8.count > SavedQuery.longestStatement
          ? "it is longer than \(SavedQuery.longestStatement) bytes" : "there is no statement",
        hint: "Save one SELECT")
    }
    if let about, about.utf8.count > SavedQuery.longestDescription {
      throw CohortError(
        .storeQuery, "What a query is about takes at most \(SavedQuery.longestDescription) bytes",
        cause: "this has \(about.utf8.count)")
    }
    guard try isReplacing || reading.query(named: name) == nil else {
      throw CohortError.exists(SavedQuery.kind, name)
    }
    let query = SavedQuery(
      name: name, sql: sql, about: about, saved: state.time, sequence: state.counters.lastSequence.next)
    try put(query.encoded, SavedQuery.key(name), in: SavedQuery.table)
    try log(LogEvent.QuerySaved(name: name, sql: sql, about: about))
  }

  /// Forgets a query, and logs it.
  /// - Throws: `store.unknown-query`.
  public func dropQuery(named name: String) throws {
    _ = try reading.existingQuery(name)
    _ = try unsafe.delete(try unsafe.make(SavedQuery.table.definition), SavedQuery.key(name))
    try log(LogEvent.QueryDropped(name: name))
  }
}
