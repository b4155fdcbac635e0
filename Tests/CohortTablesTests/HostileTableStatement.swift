import CohortTesting

/// Statements from a grammar that want more than a question may have: to write, to reach files, to run for ever, to fill the
/// memory, to confuse the tables' planning. Most are understood by SQLite, which is the point.
struct HostileTableStatement {
  private var random: TestRandom

  init(seed: UInt64) { random = TestRandom(seed: seed) }

  private static let tables = [
    "samples", "lengths", "assignments", "groups", "members", "embeddings", "nearest", "search", "steps", "store_state",
    "places", "group_lengths", "sources", "log", "sqlite_schema",
  ]
  private static let columns = [
    "id", "task", "source", "prompt", "response", "messages", "attributes", "grouping", "group_id", "distance", "label",
    "space", "vector", "measure", "total", "plan", "epoch", "step", "query", "k", "rank", "rowid", "snapshot",
    "sequence",
    "world", "accumulation", "map", "x", "part", "low", "width",
  ]
  private static let columnsOfTables = [
    "samples": [
      "id", "task", "source", "prompt", "response", "messages", "attributes", "total_length", "deleted", "rowid",
    ],
    "lengths": ["measure", "id", "prompt", "response", "total"],
    "assignments": ["grouping", "id", "group_id", "distance", "provisional"],
    "groups": ["grouping", "group_id", "label", "size", "radius", "mean_length", "parent", "state"],
    "members": ["snapshot", "grouping", "group_id", "id"], "embeddings": ["space", "id", "vector"],
    "places": ["map", "id", "x", "y"],
    "group_lengths": ["grouping", "group_id", "measure", "part", "low", "high", "size", "width"],
    "search": ["id", "score", "snippet", "query"],
    "nearest": ["id", "distance", "rank", "query", "k", "space", "grouping"],
    "steps": ["plan", "epoch", "step", "position", "id", "group_id", "rank", "world", "accumulation"],
    "store_state": ["sequence", "samples"], "sources": ["id", "name", "inserted"],
    "log": ["sequence", "kind", "summary"],
    "sqlite_schema": ["name", "sql"],
  ]
  /// The columns of the table that the statement is about at the moment; now and then another is named all the same.
  private var known = ["id"]

  /// What its columns begin with where there is another table.
  private var prefix = ""

  private mutating func column() -> String { prefix + one(of: random.below(20) == 0 ? Self.columns : known) }

  private mutating func one(of words: [String]) -> String { words[random.below(words.count)] }

  mutating func next() -> String {
    switch random.below(14) {
    case 0: write()
    case 1: reach()
    case 2: endless()
    case 3: "EXPLAIN \(select(2))"
    case 4: "\(select(1)); \(write())"
    case 5: "WITH x AS (\(select(2))) \(write())"
    case 6: "WITH x AS MATERIALIZED (\(select(2))) SELECT * FROM x, x AS y"
    default: select(3)
    }
  }

  private mutating func write() -> String {
    let table = one(of: Self.tables)
    return one(of: [
      "INSERT INTO \(table) VALUES (1, 2, 3)", "INSERT INTO \(table) (id) SELECT id FROM samples",
      "UPDATE \(table) SET \(one(of: Self.columns)) = 1", "DELETE FROM \(table) WHERE id = 1", "DROP TABLE \(table)",
      "CREATE TABLE \(table) AS SELECT * FROM samples", "CREATE TEMP VIEW v AS SELECT * FROM \(table)",
      "CREATE VIRTUAL TABLE x USING cohort('/tmp')", "CREATE VIRTUAL TABLE x USING \(table)('a')",
      "CREATE TRIGGER t AFTER INSERT ON log BEGIN SELECT * FROM \(table); END", "ALTER TABLE \(table) RENAME TO y",
      "REPLACE INTO \(table) DEFAULT VALUES", "PRAGMA writable_schema = 1", "PRAGMA table_info(\(table))", "VACUUM",
      "BEGIN; \(select(1))", "ANALYZE \(table)",
    ])
  }

  private mutating func reach() -> String {
    one(of: [
      "ATTACH '/tmp/cohort-hostile.db' AS x", "VACUUM INTO '/tmp/cohort-hostile.db'", "SELECT cohort_open('/etc')",
      "SELECT load_extension('libcohort.so')", "SELECT readfile(prompt) FROM samples", "SELECT * FROM cohort('/tmp')",
      "SELECT writefile('/tmp/cohort-hostile.db', prompt) FROM samples", "SELECT embed('\(one(of: Self.columns))')",
      "SELECT centroid('/etc/passwd', 1)", "SELECT * FROM pragma_database_list, samples",
      "SELECT fts3_tokenizer('x') FROM samples", "SELECT * FROM dbstat",
    ])
  }

  private mutating func endless() -> String {
    one(of: [
      "SELECT count(*) FROM samples a, samples b, samples c WHERE a.prompt < b.prompt AND b.response > c.prompt",
      "SELECT count(*) FROM assignments a, assignments b, assignments c, assignments d",
      "SELECT count(*) FROM embeddings a, embeddings b, embeddings c WHERE cosine(a.vector, b.vector) > 2",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n, samples",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30000000) SELECT * FROM samples WHERE id IN (SELECT i FROM n)",
      "SELECT count(*) FROM samples WHERE messages REGEXP '(a?){20}(a|aa|aaa)*(.*.*.*)*b{50}$' AND id IN (SELECT a.id FROM members a, members b)",
      "SELECT group_concat(messages) FROM samples, samples AS t",
      "SELECT * FROM samples a, samples b ORDER BY a.messages || b.messages",
      "SELECT a.id, (SELECT count(*) FROM members m, members n WHERE m.id > a.id) FROM samples a",
      "SELECT * FROM samples a, nearest n WHERE n.query = zeroblob(32) AND n.k = 100000",
      "SELECT count(*) FROM embeddings e, nearest n, nearest o WHERE n.query = e.vector AND o.query = e.vector AND n.k = 99999",
      "SELECT count(*) FROM steps s, samples a, samples b WHERE s.plan = 'even' AND s.epoch = a.id AND s.world = 1000",
      "SELECT sum(longest), sum(radius) FROM groups a, groups b, groups c, groups d, groups e, groups f",
    ])
  }

  private mutating func select(_ depth: Int, columns: Int? = nil) -> String {
    let table = one(of: Self.tables)
    let outer = (known, prefix)
    defer { (known, prefix) = outer }
    let isJoined = random.below(3) == 0
    prefix = isJoined ? "m." : ""
    known = Self.columnsOfTables[table] ?? known
    var text = "SELECT \(random.below(5) == 0 ? "DISTINCT " : "")"
    let isWhole = columns == nil && random.below(5) == 0
    let isCounted = !isWhole && random.below(5) == 0
    let values = (0..<(columns ?? 1 + random.below(3))).map { _ in isCounted ? aggregate(depth) : value(depth) }
    text += (isWhole ? "*" : values.joined(separator: ", ")) + " FROM \(table)\(isJoined ? " AS m" : "")"
    if isJoined {
      text +=
        " \(one(of: ["JOIN", "LEFT JOIN", "CROSS JOIN", ",", "NATURAL JOIN", "FULL JOIN"])) \(one(of: Self.tables)) AS b"
      if !text.contains(" , "), !text.contains("NATURAL"), random.below(2) == 0 {
        text += " USING (\(known.contains("id") && random.below(9) > 0 ? "id" : one(of: Self.columns)))"
      }
    }
    if random.below(4) > 0 {
      text +=
        " WHERE " + (0...random.below(3)).map { _ in condition(depth) }.joined(separator: one(of: [" AND ", " OR "]))
    }
    if random.below(5) == 0 { text += " GROUP BY \(column())" }
    let isCompound = depth > 1 && random.below(6) == 0
    if isCompound {
      text +=
        " \(one(of: ["UNION", "UNION ALL", "EXCEPT"])) \(select(depth - 1, columns: isWhole ? nil : values.count))"
    }
    if random.below(4) == 0 {
      text += " ORDER BY \(isCompound ? "1" : column())\(one(of: ["", " DESC", " COLLATE NOCASE"]))"
    }
    if random.below(4) == 0 { text += " LIMIT \(one(of: ["-1", "0", "5", "1e9", "9223372036854775807"]))" }
    return text
  }

  private mutating func condition(_ depth: Int) -> String {
    let column = column()
    let comparison = one(of: ["=", "<", ">=", "IS", "IS NOT", "LIKE", "REGEXP", "<>", "=="])
    switch random.below(7) {
    case 0: return "\(column) IN (\((0..<random.below(8)).map { _ in literal() }.joined(separator: ", ")))"
    case 1 where depth > 0: return "\(column) IN (\(select(depth - 1, columns: 1)))"
    case 2: return "\(column) BETWEEN \(literal()) AND \(literal())"
    case 3: return "NOT \(column) \(comparison) \(literal()) COLLATE \(one(of: ["NOCASE", "RTRIM", "BINARY"]))"
    case 4 where known.contains("plan"):
      return "\(prefix)plan = 'even' AND \(prefix)epoch = \(literal()) AND \(prefix)step > \(literal())"
    case 5 where known.contains("query"): return "\(prefix)query = \(literal()) AND \(prefix)k = \(literal())"
    default: return "\(column) \(comparison) \(value(depth))"
    }
  }

  private mutating func aggregate(_ depth: Int) -> String {
    let name = one(of: ["count", "min", "max", "sum", "avg", "group_concat"])
    return random.below(3) == 0 ? "count(*)" : "\(name)(\(value(depth)))"
  }

  private mutating func value(_ depth: Int) -> String {
    switch random.below(9) {
    case 0: "typeof(\(column()))"
    case 1: "coalesce(\(column()), \(literal()))"
    case 2: literal()
    case 3: "cosine(\(vector()), \(vector()))"
    case 4: "vector_to_json(\(vector()))"
    case 5: "centroid(\(one(of: ["'topics'", column(), literal()])), \(one(of: [column(), literal()])))"
    case 6 where depth > 0: "(\(select(depth - 1, columns: 1)))"
    case 7: vector()
    default: column()
    }
  }

  /// Mostly a vector.
  private mutating func vector() -> String {
    if known.contains("vector"), random.below(2) == 0 { return prefix + "vector" }
    return one(of: [
      "vector_from_json('[1,0,0,0,0,0,0,0]')", "zeroblob(32)", "embed('words')", "embed('')", "centroid('topics', 3)",
      random.below(4) == 0 ? literal() : "NULL", random.below(4) == 0 ? column() : "embed('text', 'near')",
    ])
  }

  private mutating func literal() -> String {
    one(of: [
      "0", "-1", "1", "7", "2.5", "1e300", "-1e300", "9223372036854775807", "-9223372036854775808", "NULL", "''",
      "'topics'",
      "'by task'", "'near'", "'even'", "'x'", "'12'", "x''", "x'00'", "zeroblob(32)", "zeroblob(100000)", "'[1,2'",
      "'a|b('",
      "'%'", "vector_from_json('[1,0,0,0,0,0,0,0]')", "CAST(x'ff' AS TEXT)", "char(0)", "4294967295", "4294967296",
      "'(((a*)*)*)*'",
    ])
  }
}
