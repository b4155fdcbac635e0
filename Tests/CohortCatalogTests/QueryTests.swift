import CohortCatalog
import CohortCore
import CohortStore
import CohortTesting
import Foundation
import GRDB
import Testing

@Suite struct QueryTests {
  /// A catalog with something in every table.
  private struct Fixture {
    let folder: TemporaryFolder
    let store: Store
    let catalog: Catalog

    init(seed: UInt64 = 42) throws {
      folder = try TemporaryFolder()
      var history = try StoreHistory(at: folder.file("s"), seed: seed)
      try history.steps(70)
      store = history.store
      catalog = try Catalog(of: store)
    }

    /// Everything that a statement might have changed.
    func state() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: store.path).sorted()
        + ["\(try catalog.contentDigest())", "\(FileManager.default.fileExists(atPath: "/tmp/cohort-hostile.db"))"]
    }
  }

  @Test func valuesComeBackWithTheirTypes() throws {
    let fixture = try Fixture()
    let result = try fixture.catalog.query(
      "SELECT 1 AS a, -0.5 AS b, 'ü🙂' AS \"c d\", x'00ff' AS e, NULL AS a, '' AS f, x'' AS g, ? AS h, ? || '' AS i",
      arguments: [.integer(.min), .text("a\u{0}b")])
    #expect(result.columns == ["a", "b", "c d", "e", "a", "f", "g", "h", "i"])
    #expect(
      result.rows == [
        [
          .integer(1), .real(-0.5), .text("ü🙂"), .blob([0, 255]), .null, .text(""), .blob([]), .integer(.min),
          .text("a\u{0}b"),
        ]
      ])
    #expect(try fixture.catalog.query("SELECT ?", arguments: [.blob([])]).rows == [[.blob([])]])
    #expect(try fixture.catalog.query("SELECT ?", arguments: [.text("")]).rows == [[.text("")]])
  }

  private static let reading = [
    "SELECT * FROM sources ORDER BY id;", "SELECT name FROM sqlite_schema -- all of it",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n",
    "SELECT kind, count(*) AS n FROM log GROUP BY kind HAVING n > 0 ORDER BY n DESC LIMIT 3 OFFSET 1",
    "SELECT json_extract(summary, '$.inserted') FROM log WHERE summary ->> 'inserted' > 0",
    "SELECT key, value FROM log, json_each(log.summary) LIMIT 5",
    "SELECT s.name, rank() OVER (ORDER BY s.inserted DESC) FROM sources s JOIN ingests i ON i.source = s.id",
    "SELECT datetime(time / 1000, 'unixepoch') FROM log", "SELECT * FROM lineage UNION ALL SELECT * FROM lineage",
    "EXPLAIN QUERY PLAN SELECT * FROM quarantine WHERE source = 1", "VALUES (1), (2)",
    "SELECT 1;  /* done */ ; -- really\n",
    "SELECT name FROM tasks WHERE name LIKE 'task%' AND id NOT IN (SELECT id FROM sources)",
  ]

  @Test func readingIsAllowed() throws {
    let fixture = try Fixture()
    for sql in Self.reading { #expect(try !fixture.catalog.query(sql).columns.isEmpty, "\(sql)") }
  }

  @Test func nothingHostileIsDone() throws {
    let fixture = try Fixture()
    let before = try fixture.state()
    let groups: [(statements: [String], codes: Set<String>)] = [
      (HostileStatements.writes, ["catalog.refused", "catalog.statement"]),
      (HostileStatements.files, ["catalog.refused", "catalog.statement"]),
      (HostileStatements.settings, ["catalog.refused", "catalog.statement"]),
      (HostileStatements.shapes, ["catalog.refused", "catalog.statement", "catalog.arguments"]),
      (HostileStatements.excesses, ["catalog.refused", "catalog.statement", "catalog.too-big"]),
    ]
    #expect(groups.reduce(0) { $0 + $1.statements.count } >= 100)
    for (statements, codes) in groups {
      for sql in statements {
        let error = #expect(throws: CohortError.self, "\(sql.prefix(200))") { try fixture.catalog.query(sql) }
        if let error {
          #expect(
            codes.contains(error.code.name) && error.category == .usage,
            "\(sql.prefix(200)): \(error.code.name) \(error)")
        }
      }
    }
    // What the catalog itself would do to write is not hindered afterwards, and nothing was changed.
    #expect(try fixture.state() == before)
    #expect(try fixture.catalog.catchUp(from: fixture.store).rebuilt == nil)
  }

  /// Statements made at random from hostile ones: whatever becomes of them, nothing changes and it takes no longer.
  ///
  /// `COHORT_SQL_SEEDS` sets how many seeds are tried, 300 statements each.
  @Test func nothingMutatedIsDone() throws {
    let seeds = UInt64(ProcessInfo.processInfo.environment["COHORT_SQL_SEEDS"] ?? "") ?? 3
    let fixture = try Fixture()
    for seed in 0..<seeds { try checkMutations(seed: seed, fixture) }
  }

  private func checkMutations(seed: UInt64, _ fixture: Fixture) throws {
    let before = try fixture.state()
    var mutation = StatementMutation(seed: seed)
    let limits = QueryLimits(deadline: .milliseconds(20), rows: 1000, bytes: 1 << 20, memory: 32 << 20)
    let codes: Set = [
      "catalog.refused", "catalog.statement", "catalog.arguments", "catalog.deadline", "catalog.memory",
      "catalog.row-limit", "catalog.byte-limit", "catalog.too-big",
    ]
    for _ in 0..<300 {
      let sql = mutation.next()
      let time = ContinuousClock().measure {
        do {
          _ = try fixture.catalog.query(sql, limits: limits)
        } catch let error as CohortError {
          #expect(codes.contains(error.code.name), "seed \(seed): \(sql): \(error)")
        } catch {
          Issue.record(error, "seed \(seed): \(sql)")
        }
      }
      #expect(time < .seconds(10), "seed \(seed): \(sql) took \(time)")
    }
    #expect(try fixture.state() == before, "seed \(seed)")
    #expect(try fixture.catalog.catchUp(from: fixture.store).rebuilt == nil, "seed \(seed)")
  }

  @Test func theDeadlineIsKept() throws {
    let fixture = try Fixture()
    let limits = QueryLimits(deadline: .milliseconds(100), rows: 10_000, bytes: 1 << 20, memory: 32 << 20)
    let stopped: Set = [
      "catalog.deadline", "catalog.memory", "catalog.row-limit", "catalog.byte-limit", "catalog.too-big",
    ]
    for sql in HostileStatements.hogs {
      var error: CohortError?
      let time = ContinuousClock().measure {
        error = #expect(throws: CohortError.self, "\(sql.prefix(300))") {
          try fixture.catalog.query(sql, limits: limits)
        }
      }
      #expect(stopped.contains(error?.code.name ?? ""), "\(sql.prefix(300)): \(error.map { "\($0)" } ?? "")")
      #expect(time < .seconds(10), "\(sql.prefix(300)) took \(time)")
    }
    for sql in HostileStatements.straight {
      let time = ContinuousClock().measure {
        do {
          _ = try fixture.catalog.query(sql, limits: limits)
        } catch let error as CohortError {
          #expect(
            stopped.contains(error.code.name) || error.code.name == "catalog.statement", "\(sql.prefix(300)): \(error)")
        } catch {
          Issue.record(error, "\(sql.prefix(300))")
        }
      }
      #expect(time < .seconds(20), "\(sql.prefix(300)) took \(time)")
    }
  }

  /// `LIKE` is our own: compared with SQLite's on random texts and patterns.
  @Test func likeIsSQLites() throws {
    let fixture = try Fixture()
    for seed in 0..<3 as Range<UInt64> { try checkLike(seed: seed, fixture) }
  }

  private func checkLike(seed: UInt64, _ fixture: Fixture) throws {
    let database = try DatabaseQueue()
    var random = SplitMix64(seed: seed)
    let letters = ["a", "A", "b", "%", "_", "ü", "Ü", "🙂", "!"]
    func text(_ limit: Int) -> String {
      (0..<Int.random(in: 0...limit, using: &random)).map { _ in letters[Int.random(in: 0..<9, using: &random)] }
        .joined()
    }
    for _ in 0..<40 {
      let (texts, patterns) = ((0..<20).map { _ in text(8) }, (0..<20).map { _ in text(6) })
      for (clause, count) in [("", 20), (" ESCAPE '!'", 20)] {
        let sql = "SELECT " + (0..<count).map { _ in "? LIKE ?\(clause)" }.joined(separator: ", ")
        let values = (0..<count).flatMap { [texts[$0], patterns[$0]] }
        let expected = try database.read {
          try Row.fetchOne($0, sql: sql, arguments: StatementArguments(values))?.databaseValues.map { "\($0)" } ?? []
        }
        let result = try fixture.catalog.query(sql, arguments: .ordered(values.map { .text($0) }))
        let ours = result.rows[0].map { if case .integer(let value) = $0 { "\(value)" } else { "?" } }
        #expect(ours == Array(expected), "seed \(seed): \(values)")
      }
    }
    #expect(
      try fixture.catalog.query("SELECT NULL LIKE 'a', 'a' LIKE NULL, 12 LIKE '1%'").rows[0] == [
        .null, .null, .integer(1),
      ])
  }

  @Test func limitsAreErrorsAndNotCuts() throws {
    let fixture = try Fixture()
    let rows = try fixture.catalog.query("SELECT * FROM log").rows.count
    #expect(try fixture.catalog.query("SELECT * FROM log", limits: QueryLimits(rows: rows)).rows.count == rows)
    let error = #expect(throws: CohortError.self) {
      try fixture.catalog.query("SELECT * FROM log", limits: QueryLimits(rows: rows - 1))
    }
    #expect(error?.code.name == "catalog.row-limit")
    let bytes = #expect(throws: CohortError.self) {
      try fixture.catalog.query("SELECT summary, summary, summary, summary FROM log", limits: QueryLimits(bytes: 999))
    }
    #expect(bytes?.code.name == "catalog.byte-limit")
    let cancelled = #expect(throws: CohortError.self) {
      try fixture.catalog.query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", isCancelled: { true })
    }
    #expect(cancelled?.code.name == "catalog.cancelled" && cancelled?.category == .interrupted)
    let memory = #expect(throws: CohortError.self) {
      try fixture.catalog.query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n ORDER BY -i",
        limits: QueryLimits(deadline: .seconds(60), memory: 4 << 20))
    }
    #expect(memory?.code.name == "catalog.memory")
  }

  /// What is written about functions is what is allowed.
  @Test func everyAllowedFunctionIsDocumented() throws {
    let page = try String(
      contentsOf: Checkout.root.appendingPathComponent("Docs/catalog.md"), encoding: .utf8)
    for function in Catalog.queryFunctions {
      #expect(page.contains("`\(function)`"), "Docs/catalog.md does not mention \(function)")
    }
  }
}
