import CohortTesting

/// Statements from a grammar that are short and unfold to something long: parts of WITH that join one another, subqueries
/// within subqueries, answers of many columns with long names and nothing in them, rows to be sorted by many keys.
struct UnfoldingStatement {
  private var random: TestRandom

  init(seed: UInt64) { random = TestRandom(seed: seed) }

  private mutating func one(of words: [String]) -> String { words[random.below(words.count)] }

  mutating func next() -> String {
    switch random.below(8) {
    case 0, 1, 2: parts()
    case 3: doubled()
    case 4: wide()
    case 5: sorted()
    case 6: scalars()
    default: long()
    }
  }

  /// Rows of one column `x`.
  private mutating func base() -> String {
    one(of: [
      "SELECT 1 AS x", "VALUES (1), (2)", "SELECT id FROM samples", "SELECT group_id FROM groups",
      "SELECT prompt FROM samples WHERE id < 9", "SELECT id FROM assignments WHERE grouping = 'topics'",
      "SELECT name FROM sqlite_schema", "SELECT id FROM members", "SELECT vector FROM embeddings WHERE id < 5",
      "SELECT i FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50) SELECT i FROM n)",
    ])
  }

  /// `a0 AS (…), a1 AS (SELECT l.x FROM a0 l, a0 r), …`: each part names those before it up to three times.
  private mutating func parts() -> String {
    let depth = 2 + random.below(24)
    var text = "WITH \(random.below(6) == 0 ? "RECURSIVE " : "")a0(x) AS (\(base()))"
    for i in 1...depth {
      // Mostly the one before, so that it unfolds.
      func part(_ random: inout TestRandom) -> String {
        "a\(random.below(5) == 0 ? random.below(i) : i - 1)"
      }
      let (first, second, third) = (part(&random), part(&random), part(&random))
      let kind = one(of: ["", "", "", "MATERIALIZED ", "NOT MATERIALIZED "])
      let body = one(of: [
        "SELECT l.x FROM \(first) l, \(second) r", "SELECT l.x FROM \(first) l JOIN \(second) r ON l.x = r.x",
        "SELECT l.x FROM \(first) l LEFT JOIN \(second) r USING (x)",
        "SELECT x FROM \(first) UNION ALL SELECT x FROM \(second)",
        "SELECT x FROM \(first) EXCEPT SELECT x FROM \(second)",
        "SELECT l.x FROM \(first) l, \(second) m, \(third) r",
        "SELECT (SELECT max(r.x) FROM \(first) r) FROM \(second) l",
        "SELECT x FROM \(first) WHERE x IN (SELECT x FROM \(second)) OR EXISTS (SELECT 1 FROM \(third))",
        "SELECT max(l.x) FROM \(first) l, \(second) r GROUP BY r.x",
        "SELECT l.x FROM \(first) l NATURAL JOIN \(second) r ORDER BY l.x LIMIT 9",
      ])
      text += ", a\(i)(x) AS \(kind)(\(body))"
    }
    let last = "a\(depth)"
    return text
      + one(of: [
        " SELECT count(*) FROM \(last)", " SELECT * FROM \(last)", " SELECT * FROM \(last) l, \(last) r",
        " SELECT x FROM \(last) ORDER BY x", " SELECT x, count(*) FROM \(last) GROUP BY x",
        " SELECT count(*) FROM samples WHERE id IN \(last)",
      ])
  }

  /// `SELECT x + x AS x FROM (SELECT x + x AS x FROM …)`
  private mutating func doubled() -> String {
    var text = "SELECT 1 AS x FROM samples"
    let form = one(of: ["x + x", "x || x", "(x, x) = (x, x)", "CASE x WHEN x THEN x ELSE x END", "coalesce(x, x, x)"])
    for _ in 0..<(2 + random.below(28)) { text = "SELECT \(form) AS x FROM (\(text))" }
    return text
  }

  /// Many rows of next to nothing, under long names.
  private mutating func wide() -> String {
    let name = String(repeating: one(of: ["n", "ü", "\u{1}", "\u{202e}", "\\"]), count: 1 + random.below(250))
    let value = one(of: ["''", "NULL", "0", "1e300", "x''", "i", "char(1)", "char(133)", "zeroblob(3)"])
    let columns = (0..<(1 + random.below(120))).map { "\(value) AS \"\(name)\($0)\"" }.joined(separator: ", ")
    return
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT \(one(of: ["3", "900", "1e6"]))) SELECT \(columns) FROM n"
  }

  /// Rows of little that are compared by much.
  private mutating func sorted() -> String {
    let key = one(of: [
      "i * 0", "i - i", "NULL", "substr('aaaaaaaaaaaaaaaa' || i, 1, 12) COLLATE NOCASE", "-i", "1.5 * (i * 0)",
    ])
    let keys = (0..<(1 + random.below(60))).map { "\(key) + \($0)" }
    let terms = (keys + ["(i * 7919) % 1000003"]).joined(separator: ", ")
    let rows = one(of: ["1e4", "2e5", "1e7"])
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT \(rows)) "
    return one(of: [
      numbers + "SELECT i FROM n ORDER BY \(terms)", numbers + "SELECT count(*) FROM n GROUP BY \(terms)",
      numbers + "SELECT row_number() OVER (ORDER BY \(terms)) FROM n",
      numbers + "SELECT max(i) FROM (SELECT DISTINCT i, \(terms) FROM n)",
    ])
  }

  /// One part, in many places.
  private mutating func scalars() -> String {
    let count = 1 + random.below(150)
    return "WITH a(x) AS (\(base())), b(x) AS (SELECT l.x FROM a l, a r LIMIT 5) SELECT "
      + (0..<count).map { one(of: ["(SELECT count(*) FROM a)", "(SELECT max(x) FROM b)", "\($0)"]) }.joined(
        separator: ", ")
  }

  /// Values near the largest.
  private mutating func long() -> String {
    let size = one(of: ["200000", "262144", "400000"])
    let call = one(of: [
      "upper(t || i)", "hex(t)", "quote(t || i)", "length(t || i)", "t LIKE '%a%a%a%a%ab' || i", "json_quote(t || i)",
      "t REGEXP '(a|aa)+b'", "substr(t, -i)",
    ])
    return "WITH RECURSIVE d(t) AS (SELECT 'aaaaaaaa' UNION ALL SELECT t || t FROM d WHERE length(t) < \(size)), "
      + "l(t) AS MATERIALIZED (SELECT t FROM d ORDER BY length(t) DESC LIMIT 1), "
      + "n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT "
      + (0...random.below(20)).map { _ in call }.joined(separator: ", ") + " FROM l, n"
  }
}
