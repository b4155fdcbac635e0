import CohortCatalog
import CohortCore
import CohortStore
import CohortSystem
import CohortTesting
import Foundation
import Testing

/// Limits of statements: they hold where SQLite calls nobody, count all of an answer, and name themselves.
@Suite struct StatementLimitTests {
  private static func catalog(_ folder: TemporaryFolder) throws -> Catalog {
    try Catalog(of: try Store.create(at: folder.file("s")))
  }

  /// `a1` joins `a0` with itself, `a2` joins `a1`, and so on.
  private static func parts(_ depth: Int) -> String {
    let parts = (1...depth).map { "a\($0) AS (SELECT l.x FROM a\($0 - 1) l, a\($0 - 1) r)" }
    return "WITH a0 AS (SELECT 1 AS x), \(parts.joined(separator: ", ")) SELECT count(*) FROM a\(depth)"
  }

  private static func processorSeconds(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    let start = now()
    try body()
    return now() - start
  }

  @Test func partsOfWithDoNotUnfoldWithoutEnd() throws {
    let folder = try TemporaryFolder()
    let catalog = try Self.catalog(folder)
    for depth in [19, 22, 30] {
      let seconds = Self.processorSeconds {
        let error = #expect(throws: CohortError.self) {
          try catalog.query(Self.parts(depth), limits: QueryLimits(deadline: .seconds(1)))
        }
        let codes = ["catalog.too-complex", "catalog.deadline"]
        #expect(codes.contains(error?.code.name ?? ""), "\(depth): \(error as Any)")
      }
      #expect(seconds < 2, "\(depth)")
    }
    #expect(try catalog.query(Self.parts(5)).rows == [[.integer(1)]])
  }

  @Test func namesEmptyTextsAndRowsCount() throws {
    let folder = try TemporaryFolder()
    let catalog = try Self.catalog(folder)
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) "
    let long = String(repeating: "n", count: 300)
    for value in ["''", "NULL", "x''", "0", "i"] {
      let columns = (0..<10).map { "\(value) AS \(long)\($0)" }.joined(separator: ", ")
      let sql = numbers + "SELECT \(columns) FROM n"
      let error = #expect(throws: CohortError.self, "\(value)") {
        try catalog.query(sql, limits: QueryLimits(bytes: 3_000_000))
      }
      #expect(error?.code.name == "catalog.byte-limit", "\(value): \(error as Any)")
      #expect(try catalog.query(sql, limits: QueryLimits(bytes: 4_000_000)).rows.count == 1000, "\(value)")
    }
    // A text of controls is six times as long in JSON.
    let controls = "SELECT '\(String(repeating: "\u{1}", count: 500))' AS a"
    #expect(throws: CohortError.self) { try catalog.query(controls, limits: QueryLimits(bytes: 2900)) }
    #expect(try catalog.query(controls, limits: QueryLimits(bytes: 3100)).rows.count == 1)
  }

  /// The bytes of an answer are those that are printed, whatever is escaped in it for terminals.
  @Test(arguments: [
    "a", "\n", "\"", "\u{9f}", "ش", "\u{61c}", "\u{180e}", "\u{202e}", "—", "\u{feff}", "\u{e0041}", "🦆",
  ])
  func whatIsCountedIsWhatIsPrinted(character: String) throws {
    let folder = try TemporaryFolder()
    let catalog = try Self.catalog(folder)
    let text = String(repeating: character, count: 5000)
    let printed = #"{"a":\#(JSONString.quoted(text, .terminal))}"#.utf8.count + 1
    let ask = { (bytes: Int) in
      try catalog.query("SELECT ? AS a", arguments: [.text(text)], limits: QueryLimits(bytes: bytes)).rows.count
    }
    #expect(try ask(printed + 32) == 1)
    let error = #expect(throws: CohortError.self) { try ask(printed - 1) }
    #expect(error?.code.name == "catalog.byte-limit", "\(error as Any)")
  }

  /// What a statement sorts is found out with a word before it, which does not count.
  @Test func aStatementMayHaveAllOfItsBytes() throws {
    let folder = try TemporaryFolder()
    let catalog = try Self.catalog(folder)
    let statement = { (bytes: Int) in
      let parts = ("SELECT x FROM (SELECT 2 AS x UNION ALL SELECT 1) ", "ORDER BY x")
      return parts.0 + String(repeating: " ", count: bytes - parts.0.utf8.count - parts.1.utf8.count) + parts.1
    }
    for bytes in [QueryLimits.statementBytes - 9, QueryLimits.statementBytes - 1, QueryLimits.statementBytes] {
      #expect(try catalog.query(statement(bytes)).rows == [[.integer(1)], [.integer(2)]], "\(bytes)")
    }
    let error = #expect(throws: CohortError.self) { try catalog.query(statement(QueryLimits.statementBytes + 1)) }
    #expect(error?.code.name == "catalog.refused", "\(error as Any)")
  }

  private static let messages: [(sql: String, code: String, words: String)] = [
    (
      "SELECT "
        + (0..<190).map {
          "(SELECT count(*) FROM log a, log b, log c, log d, log e, log f "
            + "WHERE a.kind > b.kind AND c.kind > d.kind AND e.kind > f.kind AND \($0) < 1)"
        }.joined(separator: ", "), "catalog.too-complex", "10000 instructions"
    ),
    (parts(22), "catalog.too-complex", "32 MiB"),
    ("SELECT " + Array(repeating: "1", count: 300).joined(separator: ","), "catalog.statement", "200 columns"),
    ("SELECT 1" + String(repeating: " UNION SELECT 1", count: 60), "catalog.statement", "50 parts"),
    (
      "SELECT max(" + Array(repeating: "1", count: 70).joined(separator: ",") + ")", "catalog.statement", "64 arguments"
    ),
    ("SELECT 1" + String(repeating: "+1", count: 200), "catalog.statement", "depth of 100"),
    ("SELECT ?1001", "catalog.statement", "1000 parameters"),
    ("SELECT '\(String(repeating: "x", count: 70_000))'", "catalog.refused", "65536 bytes"),
    ("SELECT 1 FROM log" + String(repeating: ", log", count: 70), "catalog.statement", "64 tables"),
  ]

  @Test func aLimitNamesItself() throws {
    let folder = try TemporaryFolder()
    let catalog = try Self.catalog(folder)
    for (sql, code, words) in Self.messages {
      let error = #expect(throws: CohortError.self, "\(sql.prefix(100))") { try catalog.query(sql) }
      #expect(error?.code.name == code, "\(sql.prefix(100)): \(error as Any)")
      #expect(error.map { "\($0)" }?.contains(words) == true, "\(sql.prefix(100)): \(error as Any)")
    }
  }

  /// SQLite sorts in one instruction: so what could not be sorted by the deadline has to end before.
  @Test func sortingEndsWithTheDeadline() throws {
    let folder = try TemporaryFolder()
    let catalog = try Self.catalog(folder)
    let keys = (0..<60).map { "i * 0 + \($0) * 0" }.joined(separator: ", ")
    // It comes to sort within the deadline, and would sort for longer than that and the second of grace.
    let sql =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500000) SELECT i FROM n ORDER BY \(keys), (i * 7919) % 1000003"
    let seconds = Self.processorSeconds {
      let error = #expect(throws: CohortError.self) {
        try catalog.query(sql, limits: QueryLimits(deadline: .milliseconds(700), rows: .max, bytes: .max))
      }
      #expect(error?.code.name == "catalog.deadline", "\(error as Any)")
    }
    #expect(seconds < 1.7)
    // What is sorted soon is.
    let few = sql.replacingOccurrences(of: "500000", with: "5000")
    #expect(try catalog.query(few, limits: QueryLimits(deadline: .seconds(20))).rows.count == 5000)
  }

  /// Memory that others take meanwhile is theirs.
  @Test func onlyTheStatementIsCounted() throws {
    let folder = try TemporaryFolder()
    let catalog = try Self.catalog(folder)
    let sorting =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000) SELECT max(i) FROM (SELECT i FROM n ORDER BY -i LIMIT -1 OFFSET 1)"
    let isRunning = Locked(true)
    let other = try WorkThread {
      // Far more than the other one may have, over and over.
      let greedy =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000) SELECT count(*) FROM (SELECT i FROM n ORDER BY -i)"
      while isRunning.withLock({ $0 }) { _ = try? catalog.query(greedy) }
    }
    defer {
      isRunning.change { $0 = false }
      other.join()
    }
    for _ in 0..<20 {
      let limits = QueryLimits(deadline: .seconds(60), memory: 6 << 20)
      #expect(try catalog.query(sorting, limits: limits).rows == [[.integer(49_999)]])
    }
  }

  private struct Enough: Error {}

  @Test func rowsComeBeforeTheLastIsComputed() throws {
    let folder = try TemporaryFolder()
    let catalog = try Self.catalog(folder)
    var (columns, rows) = ([String](), [[CatalogValue]]())
    // There is no last row.
    #expect(throws: Enough.self) {
      try catalog.reader().answer(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS a FROM n",
        limits: QueryLimits(deadline: .seconds(600), rows: .max, bytes: .max),
        AnswerReceiver(
          columns: { columns = $0 },
          row: {
            rows.append($0)
            if rows.count == 3 { throw Enough() }
          }))
    }
    #expect(columns == ["a"] && rows == [[.integer(1)], [.integer(2)], [.integer(3)]])
  }

  @Test func aMistakeHasItsPlace() throws {
    let folder = try TemporaryFolder()
    let catalog = try Self.catalog(folder)
    for (sql, offset) in [("SELEC 1", 0), ("SELECT 'ü',\n  nothing FROM log", 15), ("SELECT * FROM log WHERE", nil)] {
      var found: Int?
      #expect(throws: CohortError.self) {
        try catalog.reader().answer(
          sql, AnswerReceiver(columns: { _ in }, row: { _ in }, mistake: { found = $0 }))
      }
      if let offset { #expect(found == offset, "\(sql)") }
    }
  }
}
