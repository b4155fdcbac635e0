import CohortCatalog
import CohortCore
import CohortStore
import CohortTables
import CohortTesting
import Foundation
import Testing

/// The table `nearest`, and the functions that work on vectors.
@Suite struct NearestTableTests {
  /// What the table says is what sorting by `cosine` says.
  @Test func itIsTheHeadOfAllSortedByCosine() throws {
    let fixture = try TablesFixture(seed: 31, samples: 700)
    var random = TestRandom(seed: 31)
    for turn in 0..<12 {
      let values = random.rows(1, dimension: TablesFixture.dimension)[0]
      let query = "vector_from_json('[\(values.map { "\($0)" }.joined(separator: ","))]')"
      let space = turn % 2 == 0 ? "near" : "far"
      let found = try fixture.query(
        "SELECT id, round(distance, 9), rank FROM nearest WHERE query = \(query) AND k = 25 AND space = '\(space)'")
      let expected = try fixture.query(
        """
        SELECT id, round(1 - cosine(vector, \(query)), 9) AS d, row_number() OVER (ORDER BY 1 - cosine(vector, \(query)), id)
        FROM embeddings WHERE space = '\(space)' ORDER BY 3 LIMIT 25
        """)
      #expect(found.rows.count == 25 && found.rows == expected.rows, "turn \(turn)")
    }
  }

  @Test func argumentsAreLookedAt() throws {
    let fixture = try TablesFixture(seed: 32, samples: 400)
    let vector = "vector_from_json('[1,0,0,0,0,0,0,0]')"
    func count(_ condition: String) throws -> Int {
      try fixture.query("SELECT id FROM nearest WHERE \(condition)").rows.count
    }
    // Ten where nothing is said, and of the default space.
    #expect(try count("query = \(vector)") == 10)
    #expect(try count("query = \(vector) AND k = 3 AND space = 'near'") == 3)
    #expect(try count("query = NULL") == 0)
    #expect(try count("query = \(vector) AND k = 7 AND id < 0") == 0)
    let all = try fixture.query("SELECT count(*) FROM embeddings WHERE space = 'near'").rows
    #expect(try all == [[.integer(Int64(count("query = \(vector) AND k = 100000")))]])
    // A scan for each row of another table.
    let joined = try fixture.query(
      "SELECT count(*) FROM embeddings e JOIN nearest n ON n.query = e.vector AND n.k = 2 WHERE e.space = 'near' AND e.id < 20 AND n.rank = 1 AND n.id = e.id"
    ).rows
    #expect(joined != [[.integer(0)]])
    for (condition, word) in [
      ("k = 5", "needs a query"), ("query = x'0000'", "2 bytes"), ("query = \(vector) AND k = 0", "argument k"),
      ("query = \(vector) AND k = 'many'", "argument k"), ("query = \(vector) AND space = 'none'", "none"),
      ("query = \(vector) AND grouping = 'by task'", "by task"), ("query = 'words'", "no encoder"),
      ("query = 5", "argument query"), ("query = x'\(String(repeating: "0000c07f", count: 8))'", "no finite number"),
      ("query = x'\(String(repeating: "0000807f", count: 8))'", "no finite number"),
      ("query = \(vector) AND grouping = 'none'", "none"),
    ] {
      let error = #expect(throws: CohortError.self, "\(condition)") { try count(condition) }
      #expect(error.map { "\($0)".contains(word) } == true, "\(condition): \(error as Any)")
    }
  }

  /// With a grouping, what is found lies in the groups that are looked at, and most of the nearest are found.
  @Test func groupsAreLookedAtByTheirCentroids() throws {
    let fixture = try TablesFixture(seed: 33, samples: 900)
    let near = try fixture.query(
      """
      SELECT n.id, n.distance FROM embeddings e, nearest n WHERE e.space = 'near' AND e.id = 1 AND n.query = e.vector AND n.k = 5
        AND n.grouping = 'topics'
      """)
    #expect(near.rows.count == 5)
    let exact = try fixture.query(
      "SELECT n.id, n.distance FROM embeddings e, nearest n WHERE e.space = 'near' AND e.id = 1 AND n.query = e.vector AND n.k = 5"
    )
    // Never nearer than the nearest.
    for (one, other) in zip(near.rows, exact.rows) {
      guard case .real(let found) = one[1], case .real(let best) = other[1] else { throw Failed() }
      #expect(found >= best)
    }
  }

  private struct Failed: Error {}

  @Test func functionsSayWhatTheyAreFor() throws {
    let fixture = try TablesFixture(seed: 34, samples: 300)
    var asked: [String] = []
    let services = TableSession.Services(
      encode: { text, space in
        asked.append("\(text)|\(space ?? "-")")
        return text == "nothing" ? nil : [1, 0, 0, 0, 0, 0, 0, 0]
      },
      labels: { grouping in grouping == "topics" ? [GroupID(3): "sums, primes"] : [:] })
    func one(_ sql: String) throws -> CatalogValue {
      try fixture.query("SELECT \(sql)", services: services).rows.first?.first ?? .null
    }
    #expect(try one("vector_to_json(embed('words'))") == .text("[1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0]"))
    #expect(try one("embed('nothing', 'far') IS NULL") == .integer(1))
    #expect(asked == ["words|-", "nothing|far"])
    #expect(try one("count(*) FROM nearest WHERE query = 'words' AND k = 4") == .integer(4))
    #expect(try one("label FROM groups WHERE grouping = 'topics' AND group_id = 3") == .text("sums, primes"))
    #expect(try one("label FROM groups WHERE grouping = 'topics' AND group_id = 4") == .null)
    #expect(try one("length(centroid('topics', 3))") == .integer(32))
    #expect(try one("centroid('by task', 3)") == .null)
    #expect(try one("centroid('topics', 99999)") == .null)
    #expect(try one("cosine(x'0000803f', x'000080bf')") == .real(-1))
    #expect(try one("cosine(x'00000000', x'000080bf')") == .null)
    #expect(try one("cosine(NULL, x'000080bf')") == .null)
    #expect(try one("vector_to_json(vector_from_json(' [ 1e-3 , -2.5 ] '))") == .text("[0.001,-2.5]"))
    #expect(try one("vector_to_json(vector_from_json('[]'))") == .text("[]"))
    for (sql, word) in [
      ("cosine(x'00', x'0000803f')", "1 and 4 bytes"), ("cosine('a', x'0000803f')", "two vectors"),
      ("vector_from_json('[1,')", "array"), ("vector_from_json('[nan]')", "array"),
      ("vector_from_json('[1e99]')", "array"),
      ("vector_to_json('text')", "float32"), ("centroid('none', 1)", "none"), ("'a' REGEXP '('", "not closed"),
    ] {
      let error = #expect(throws: CohortError.self, "\(sql)") { try one(sql) }
      #expect(error.map { "\($0)".contains(word) } == true, "\(sql): \(error as Any)")
    }
  }

  /// `REGEXP` finds what Foundation's regular expressions find, for patterns that both know.
  @Test(arguments: [1, 2, 3] as [UInt64]) func regexpFindsWhatOthersFind(seed: UInt64) throws {
    let fixture = try TablesFixture(seed: 35, samples: 60)
    var random = TestRandom(seed: seed)
    let atoms = [
      "a", "b", "c", ".", "[ab]", "[^a]", "\\d", "\\w", "\\b", "^", "(a|b)", "(?:ab)", "\\s", "ü", "[a-c]", "(ab|c)*",
    ]
    func pattern(_ depth: Int) -> String {
      var text = ""
      for _ in 0...random.below(3) {
        let atom = depth < 2 && random.below(4) == 0 ? "(\(pattern(depth + 1)))" : atoms[random.below(atoms.count)]
        text += atom
        if atom != "^", atom != "\\b", !atom.hasSuffix("*") {
          text += ["", "", "*", "+", "?", "{2}", "{1,3}", "*?"][random.below(8)]
        }
      }
      return depth < 2 && random.below(5) == 0 ? text + "|" + pattern(depth + 1) : text
    }
    for _ in 0..<150 {
      let pattern = (random.below(5) == 0 ? "(?i)" : "") + pattern(0)
      let texts = (0..<8).map { _ in
        (0..<random.below(9)).map { _ in ["a", "b", "c", "A", "ü", " ", "1", "_"][random.below(8)] }.joined()
      }
      let expression = try NSRegularExpression(pattern: pattern)
      let expected = texts.map { text in
        CatalogValue.integer(
          expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) == nil ? 0 : 1)
      }
      let places = texts.map { _ in "? REGEXP ?" }.joined(separator: ", ")
      let found = try fixture.catalog.reader().query(
        "SELECT \(places)", arguments: .ordered(texts.flatMap { [.text($0), .text(pattern)] }),
        tables: TableSession(fixture.store, isForOneStatement: true)
      ).rows[0]
      // Which letters are of words is another question where they are not of ASCII.
      let isPlain = !pattern.contains("\\w") && !pattern.contains("\\b")
      for (index, text) in texts.enumerated() where isPlain || !text.contains("ü") {
        #expect(found[index] == expected[index], "seed \(seed): '\(text)' REGEXP '\(pattern)'")
      }
    }
  }
}
