import CohortCatalog
import CohortCore
import CohortTesting
import Foundation
import GRDB
import Testing

/// The virtual tables say the same as ordinary tables with the same content, whatever is asked.
@Suite struct TableEqualityTests {
  /// Both sides of an answer as text, row by row.
  static func text(_ rows: [[CatalogValue]]) -> [String] {
    rows.map { row in
      row.map { value in
        switch value {
        case .null: "NULL"
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .text(let text): "'\(text)'"
        case .blob(let bytes): "x\(bytes)"
        }
      }.joined(separator: "|")
    }
  }

  static func text(_ rows: [[DatabaseValue]]) -> [String] {
    text(
      rows.map { row in
        row.map { value in
          switch value.storage {
          case .null: .null
          case .int64(let number): .integer(number)
          case .double(let number): .real(number)
          case .string(let text): .text(text)
          case .blob(let data): .blob(Array(data))
          }
        }
      })
  }

  /// `COHORT_SQL_STATEMENTS` sets how many statements are tried of each store.
  @Test(arguments: [1, 2] as [UInt64])
  func randomStatementsHaveTheSameAnswers(seed: UInt64) throws {
    let count = Int(ProcessInfo.processInfo.environment["COHORT_SQL_STATEMENTS"] ?? "") ?? 200
    let fixture = try TablesFixture(seed: seed)
    let model = try PlainModel(fixture.store)
    var statements = RandomStatement(seed: seed &* 977, samples: 4500)
    var answered = 0
    var limits = QueryLimits(deadline: .seconds(60), rows: 1_000_000)
    limits.bytes = 1 << 30
    for number in 0..<count {
      let sql = statements.next()
      let expected = Self.text(try model.query(sql))
      let found: [String]
      do {
        found = Self.text(try fixture.query(sql, limits: limits).rows)
      } catch {
        Issue.record(error, "seed \(seed), statement \(number): \(sql)")
        continue
      }
      let areSame = sql.contains("LIMIT") ? expected == found : expected.sorted() == found.sorted()
      #expect(
        areSame,
        "seed \(seed), statement \(number): \(sql): \(found.count) rows, not \(expected.count): \(found.prefix(3)), \(expected.prefix(3))"
      )
      if !found.isEmpty { answered += 1 }
    }
    print("seed \(seed): \(count) statements, \(answered) with rows")
    #expect(answered > count / 4, "most answers are empty")
  }

  /// Whole tables, too: every value of every column.
  @Test func wholeTablesAreTheSame() throws {
    let fixture = try TablesFixture(seed: 3)
    let model = try PlainModel(fixture.store)
    var limits = QueryLimits(deadline: .seconds(60), rows: 1_000_000)
    limits.bytes = 1 << 30
    for table in ["samples", "lengths", "assignments", "groups", "members", "embeddings", "places", "group_lengths"] {
      let expected = Self.text(try model.query("SELECT * FROM \(table)")).sorted()
      let found = Self.text(try fixture.query("SELECT * FROM \(table)", limits: limits).rows).sorted()
      #expect(found.count > 10 && expected == found, "\(table): \(found.count), not \(expected.count)")
    }
    let steps = "SELECT plan, epoch, step, position, id, group_id FROM steps WHERE plan = 'even' AND epoch = 1"
    #expect(
      Self.text(try model.query(steps)).sorted() == Self.text(try fixture.query(steps, limits: limits).rows).sorted())
  }

  /// Intervals of a width of one's own are what counting all lengths gives.
  @Test(arguments: [1, 7, 16, 1000] as [Int])
  func lengthsOfGroupsAreCountedByWidth(width: Int) throws {
    let fixture = try TablesFixture(seed: 5, samples: 900)
    let model = try PlainModel(fixture.store)
    for (measure, part) in [("default", "response"), ("words", "total")] {
      let expected = Self.text(
        try model.query(
          """
          SELECT a.grouping, a.group_id, l.\(part) / \(width) * \(width), count(*) FROM assignments a JOIN lengths l ON l.id = a.id
          WHERE l.measure = '\(measure)' GROUP BY 1, 2, 3
          """))
      let found = try fixture.query(
        """
        SELECT grouping, group_id, low, size FROM group_lengths
        WHERE measure = '\(measure)' AND part = '\(part)' AND width = \(width) AND high = low + \(width)
        """)
      #expect(expected.count > 3 && Self.text(found.rows).sorted() == expected.sorted(), "\(measure) \(part)")
    }
    #expect(throws: CohortError.self) { try fixture.query("SELECT * FROM group_lengths WHERE width = 0") }
    #expect(throws: CohortError.self) { try fixture.query("SELECT * FROM group_lengths WHERE width = 'wide'") }
    #expect(try fixture.query("SELECT * FROM group_lengths WHERE group_id = 99").rows.isEmpty)
  }

  /// Where the table gives its rows in order, nothing is sorted; where it finds one row, one is looked at.
  @Test func plansUseWhatTheTablesOffer() throws {
    let fixture = try TablesFixture(seed: 4, samples: 300)
    func plan(_ sql: String) throws -> String {
      try fixture.query("EXPLAIN QUERY PLAN " + sql).rows.compactMap { row in
        if case .text(let text) = row[3] { text } else { nil }
      }.joined(separator: "; ")
    }
    for sql in [
      "SELECT id FROM samples ORDER BY id", "SELECT id FROM samples WHERE task = 'task 1' ORDER BY id, line",
      "SELECT id FROM assignments WHERE grouping = 'topics' AND group_id = 3 ORDER BY id",
      "SELECT id FROM steps WHERE plan = 'even' AND epoch = 0 ORDER BY step, position",
      "SELECT id FROM places WHERE map = 'overview' ORDER BY id",
      "SELECT size FROM group_lengths WHERE grouping = 'topics' AND measure = 'default' AND part = 'total' ORDER BY group_id, low",
      "SELECT id FROM nearest WHERE query = x'00' ORDER BY rank",
      "SELECT id FROM nearest WHERE query = x'00' ORDER BY distance",
    ] {
      let plan = try plan(sql)
      #expect(!plan.contains("TEMP B-TREE"), "\(sql): \(plan)")
    }
    for sql in [
      "SELECT id FROM samples ORDER BY id DESC", "SELECT id FROM assignments ORDER BY id",
      "SELECT id FROM samples ORDER BY task, id",
    ] {
      let plan = try plan(sql)
      #expect(plan.contains("TEMP B-TREE"), "\(sql): \(plan)")
    }
  }
}
