import CohortTesting

/// Statements at random over the store's tables, whose answers do not depend on the order in which rows are found.
struct RandomStatement {
  private var random: TestRandom
  private let samples: Int

  init(seed: UInt64, samples: Int) {
    random = TestRandom(seed: seed)
    self.samples = samples
  }

  private enum Kind {
    case number(Int)
    case real
    case text([String])
  }

  private static let groupings = ["by task", "topics", "bands"]
  private static let tables: [(name: String, columns: [(name: String, kind: Kind)])] = [
    (
      "samples",
      [
        ("id", .number(5000)), ("source", .text(["source 0", "source 1", "source 2"])),
        ("task", .text(["task 0", "task 3", "task 6"])), ("line", .number(700)), ("prompt", .text(["q1 ", "%apple%"])),
        ("response", .text(["%数学%"])), ("system", .text(["Be brief. "])), ("messages", .text(["%critic%"])),
        ("attributes", .text(["{\"level\":3}"])), ("prompt_length", .number(50)), ("response_length", .number(50)),
        ("total_length", .number(90)), ("deleted", .number(2)),
      ]
    ),
    (
      "lengths",
      [
        ("measure", .text(["default", "words"])), ("id", .number(5000)), ("prompt", .number(90)),
        ("response", .number(50)), ("total", .number(90)),
      ]
    ),
    (
      "assignments",
      [
        ("grouping", .text(groupings)), ("id", .number(5000)), ("group_id", .number(14)), ("distance", .real),
        ("provisional", .number(2)),
      ]
    ),
    (
      "groups",
      [
        ("grouping", .text(groupings)), ("group_id", .number(14)), ("label", .text(["g 3", "4..<5"])),
        ("size", .number(400)), ("radius", .real), ("mean_length", .real), ("longest", .number(60)),
        ("parent", .number(3)), ("heir", .number(3)), ("born", .number(120)), ("state", .text(["open", "closed"])),
      ]
    ),
    (
      "members",
      [
        ("snapshot", .text(["first", "second"])), ("grouping", .text(groupings)), ("group_id", .number(14)),
        ("id", .number(5000)),
      ]
    ),
    ("embeddings", [("space", .text(["near", "far"])), ("id", .number(5000))]),
    (
      "steps",
      [
        ("step", .number(260)), ("position", .number(16)), ("id", .number(5000)), ("group_id", .number(14)),
        ("rank", .number(2)),
      ]
    ),
    ("places", [("map", .text(["overview", "other"])), ("id", .number(5000)), ("x", .real), ("y", .real)]),
    (
      "group_lengths",
      [
        ("grouping", .text(groupings)), ("group_id", .number(14)), ("measure", .text(["default", "words"])),
        ("part", .text(["prompt", "response", "total"])), ("low", .number(64)), ("high", .number(90)),
        ("size", .number(40)),
      ]
    ),
  ]

  mutating func next() -> String {
    switch random.below(6) {
    case 0: grouped()
    case 1: joined()
    case 2: nested()
    default: plain()
    }
  }

  // MARK: Kinds of statements

  private mutating func plain() -> String {
    let table = Self.tables[random.below(Self.tables.count)]
    let columns = (0...random.below(3)).map { _ in table.columns[random.below(table.columns.count)].name }
    return "SELECT \(random.below(6) == 0 ? "DISTINCT " : "")\(columns.joined(separator: ", ")) FROM \(table.name)"
      + condition(table, "") + ending(columns.count)
  }

  private mutating func grouped() -> String {
    let table = Self.tables[random.below(Self.tables.count)]
    let (key, other) = (
      table.columns[random.below(table.columns.count)], table.columns[random.below(table.columns.count)]
    )
    let aggregate = ["min", "max", "count"][random.below(3)]
    return "SELECT \(key.name), count(*), \(aggregate)(\(other.name)) FROM \(table.name)" + condition(table, "")
      + " GROUP BY \(key.name)" + ending(3)
  }

  private mutating func joined() -> String {
    let pairs = [(0, 2), (2, 0), (0, 1), (4, 2), (5, 2), (0, 4), (0, 5), (6, 0), (7, 2), (0, 7)]
    let (first, second) = pairs[random.below(pairs.count)]
    let (left, right) = (Self.tables[first], Self.tables[second])
    let column = right.columns[random.below(right.columns.count)].name
    let word = random.below(3) == 0 ? "LEFT JOIN" : "JOIN"
    return "SELECT a.id, b.\(column), count(*) FROM \(left.name) a \(word) \(right.name) b ON b.id = a.id"
      + (random.below(2) == 0 && second == 2 ? " AND b.grouping = 'topics'" : "")
      + (random.below(3) == 0 && second != 0 && first != 0 ? "" : conjunction(left, "a"))
      + " GROUP BY 1, 2" + ending(3)
  }

  private mutating func nested() -> String {
    let outer = Self.tables[[0, 1, 2, 4, 5, 7][random.below(6)]]
    let inner = Self.tables[[0, 1, 2, 4, 5, 7][random.below(6)]]
    let word = random.below(2) == 0 ? "IN" : "NOT IN"
    let column = outer.columns[random.below(outer.columns.count)].name
    return "SELECT id, \(column) FROM \(outer.name)" + conjunction(outer, "", "WHERE")
      + " AND id \(word) (SELECT id FROM \(inner.name)" + condition(inner, "") + ")" + ending(2)
  }

  private mutating func ending(_ columns: Int) -> String {
    guard random.below(3) == 0 else { return "" }
    let terms = (1...columns).map { "\($0)\(random.below(4) == 0 ? " DESC" : "")" }.joined(separator: ", ")
    return " ORDER BY \(terms) LIMIT \(random.below(40)) OFFSET \(random.below(5))"
  }

  // MARK: Conditions

  private typealias Table = (name: String, columns: [(name: String, kind: Kind)])

  /// One condition or more. The table of steps has those that it needs.
  private mutating func condition(_ table: Table, _ alias: String) -> String {
    if table.name != "steps", random.below(5) == 0 { return "" }
    return conjunction(table, alias, "WHERE")
  }

  private mutating func conjunction(_ table: Table, _ alias: String, _ word: String = "WHERE") -> String {
    var parts = (0...random.below(3)).map { _ in term(table, alias) }
    let prefix = alias.isEmpty ? "" : alias + "."
    if table.name == "steps" { parts += ["\(prefix)plan = 'even'", "\(prefix)epoch = \(random.below(2))"] }
    return " \(word) " + parts.joined(separator: " AND ")
  }

  private mutating func term(_ table: Table, _ alias: String) -> String {
    let one = predicate(table, alias)
    switch random.below(8) {
    case 0:
      // SQLite makes an IN of two comparisons with one column, and forgets their COLLATE (seen in 3.40, with an ordinary
      // table that has an index, too): there is no right answer to compare with.
      let other = predicate(table, alias)
      return (one + other).contains("COLLATE") ? one : "(\(one) OR \(other))"
    case 1: return "NOT (\(one))"
    default: return one
    }
  }

  private mutating func predicate(_ table: Table, _ alias: String) -> String {
    let column = table.columns[random.below(table.columns.count)]
    let name = alias.isEmpty ? column.name : "\(alias).\(column.name)"
    switch column.kind {
    case .number(let bound): return number(name, bound)
    case .real: return "\(name) \(["<", ">", ">="][random.below(3)]) \(random.unit())"
    case .text(let values): return text(name, values)
    }
  }

  private mutating func number(_ name: String, _ bound: Int) -> String {
    func draw() -> Int { random.below(bound + 3) - 1 }
    switch random.below(12) {
    case 0: return "\(name) IN (\((0..<random.below(30)).map { _ in "\(draw())" }.joined(separator: ", ")))"
    case 1: return "\(name) BETWEEN \(draw()) AND \(draw())"
    case 2: return "\(name) = '\(draw())'"
    case 3: return "\(name) \(["<", ">", "<=", ">="][random.below(4)]) \(draw()).5"
    case 4: return "\(name) IS \(random.below(2) == 0 ? "" : "NOT ")NULL"
    case 5: return "\(name) IN (\(draw()), NULL, 'x', \(draw()).0, 2.5, '\(draw())')"
    case 6: return "\(name) \(["<", ">", "="][random.below(3)]) 'abc'"
    case 7: return "\(name) > 1e19"
    case 8: return "\(name) = \(draw()).0"
    default: return "\(name) \(["<", ">", "<=", ">=", "="][random.below(5)]) \(draw())"
    }
  }

  private mutating func text(_ name: String, _ values: [String]) -> String {
    let value = values[random.below(values.count)]
    let quoted = "'\(value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
    switch random.below(10) {
    case 0: return "\(name) IN (\(values.map { "'\($0)'" }.joined(separator: ", ")), NULL, 7, 'none')"
    case 1: return "\(name) LIKE \(quoted)"
    case 2: return "\(name) IS NULL"
    case 3: return "\(name) > \(quoted)"
    case 4: return "\(name) = upper(\(quoted)) COLLATE NOCASE"
    case 5: return "\(name) = \(random.below(9))"
    case 6: return "\(name) = x'61'"
    default: return "\(name) = \(quoted)"
    }
  }
}
