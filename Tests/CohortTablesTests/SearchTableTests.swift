import CohortCatalog
import CohortCore
import CohortStore
import CohortTables
import CohortTesting
import Testing

/// The table `search`.
@Suite struct SearchTableTests {
  /// What is found is what a regular expression finds in the messages, with an index, with half of one, and without.
  @Test func itFindsWhatAScanFinds() throws {
    let fixture = try TablesFixture(seed: 51, samples: 900)
    let words = [
      ("apple", "(?i)\\bapple\\b"), ("BANANE", "Banane"), ("цифра", "цифра"), ("\"it's\"", "it's"), ("🙂", "🙂"),
      ("q17", "\\bq17\\b"), ("q1*", "\\bq1"), ("brief", "brief"), ("nothing", "nothing"),
    ]
    var answers: [[[CatalogValue]]] = []
    for turn in 0..<3 {
      if turn == 1 { _ = try SearchIndex.advance(fixture.store, samples: 400) }
      if turn == 2 { _ = try SearchIndex.follow(fixture.store) }
      var found: [[CatalogValue]] = []
      for (word, pattern) in words {
        let query = word.replacing("'", with: "''")
        let ids = try fixture.query("SELECT id FROM search WHERE query = '\(query)' ORDER BY id").rows
        let scan = pattern.replacing("'", with: "''")
        let expected = try fixture.query(
          "SELECT id FROM samples WHERE NOT deleted AND messages REGEXP '\(scan)' ORDER BY id")
        #expect(ids == expected.rows, "\(word), turn \(turn)")
        found += try fixture.query("SELECT id, score, snippet, query FROM search WHERE query = '\(query)' LIMIT 40")
          .rows
      }
      answers.append(found)
    }
    #expect(answers[0] == answers[1] && answers[1] == answers[2] && answers[0].count > 100)
  }

  @Test func rowsAreRankedAndCanBeJoined() throws {
    let fixture = try TablesFixture(seed: 52, samples: 600)
    let ranked = try fixture.query("SELECT id, score FROM search WHERE query = 'apple OR цифра'").rows
    let sorted = try fixture.query(
      "SELECT id, score FROM search WHERE query = 'apple OR цифра' ORDER BY score DESC, id"
    ).rows
    #expect(ranked == sorted && ranked.count > 50)
    let backwards = try fixture.query(
      "SELECT id, score FROM search WHERE query = 'apple OR цифра' ORDER BY score, id DESC"
    ).rows
    #expect(backwards == ranked.reversed())
    let joined = try fixture.query(
      """
      SELECT count(*) FROM search f JOIN samples s ON s.id = f.id
      WHERE f.query = 'apple' AND s.task = 'task 1' AND f.snippet LIKE '%**apple**%'
      """
    ).rows
    let counted = try fixture.query(
      "SELECT count(*) FROM samples WHERE NOT deleted AND task = 'task 1' AND messages LIKE '%apple%'"
    ).rows
    #expect(joined == counted && joined != [[.integer(0)]])
    // A search for each row of another table.
    let each = try fixture.query(
      "SELECT v.value, count(*) FROM json_each('[\"apple\",\"brief\"]') v JOIN search f ON f.query = v.value GROUP BY 1"
    ).rows
    #expect(each.count == 2)
  }

  @Test func argumentsAreLookedAt() throws {
    let fixture = try TablesFixture(seed: 53, samples: 200)
    for query in [
      "", "  ", "\"", "***", "NOT", "a:b", "C++", "foo(bar", "x AND", "\"\"\"", "NEAR(a b)", "^a", "{a b}:c",
    ] {
      let quoted = query.replacing("'", with: "''")
      #expect(throws: Never.self, "\(query)") { try fixture.query("SELECT * FROM search WHERE query = '\(quoted)'") }
    }
    #expect(try fixture.query("SELECT * FROM search WHERE query = NULL").rows.isEmpty)
    for (sql, code) in [
      ("SELECT * FROM search", "tables.required"), ("SELECT * FROM search WHERE query = 5", "tables.argument"),
      ("SELECT * FROM search WHERE query = x'00'", "tables.argument"),
      ("SELECT * FROM search WHERE query = '\(String(repeating: "a ", count: 2500))'", "search.too-long"),
    ] {
      let error = #expect(throws: CohortError.self, "\(sql)") { try fixture.query(sql) }
      #expect(error?.code.name == code, "\(sql): \(error as Any)")
    }
  }

  /// Bringing the index forward ends with the statement's time, however long it would take.
  @Test func theIndexIsNotFollowedBeyondTheDeadline() throws {
    let fixture = try TablesFixture(seed: 41, samples: 50)
    var asked = 0
    let services = TableSession.Services(followSearch: { mustStop in
      while !mustStop() { asked += 1 }
    })
    let error = #expect(throws: CohortError.self) {
      try fixture.query(
        "SELECT id FROM search WHERE query = 'apple'", limits: QueryLimits(deadline: .milliseconds(200)),
        services: services)
    }
    #expect(error?.code.name == "catalog.deadline" && asked > 0, "\(error as Any)")
    #expect(try fixture.query("SELECT id FROM search WHERE query = 'q1'").rows.count > 0)
  }
}
