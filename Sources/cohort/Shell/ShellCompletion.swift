import CohortActions

/// What the word before the cursor may become: words of SQL, tables, columns, functions, commands.
struct ShellCompletion {
  private let tables: [TableDeclaration]
  private let functions: [String]

  private static let keywords = [
    "AND", "AS", "ASC", "BETWEEN", "BY", "CASE", "CAST", "COLLATE", "CROSS", "DESC", "DISTINCT", "ELSE", "END",
    "EXCEPT",
    "EXISTS", "EXPLAIN", "FILTER", "FROM", "FULL", "GROUP", "HAVING", "IN", "INNER", "INTERSECT", "IS", "JOIN", "LEFT",
    "LIKE", "LIMIT", "MATERIALIZED", "NATURAL", "NOT", "NULL", "OFFSET", "ON", "OR", "ORDER", "OUTER", "OVER",
    "PARTITION", "QUERY PLAN", "RECURSIVE", "REGEXP", "SELECT", "THEN", "UNION", "USING", "VALUES", "WHEN", "WHERE",
    "WINDOW", "WITH",
  ]

  init(tables: [TableDeclaration], functions: [String]) {
    (self.tables, self.functions) = (tables, functions)
  }

  /// - Parameters:
  ///   - word: the beginning of a word; `a.pro` is one.
  ///   - line: all of the line, which tells what `a` stands for.
  /// - Returns: whole words, in the order in which they are to be shown.
  func candidates(for word: String, in line: String) -> [String] {
    if word.hasPrefix(".") { return ShellCommand.all.map(\.name).filter { $0.hasPrefix(word) } }
    if line.hasPrefix(".mode ") { return OutputFormat.allCases.map(\.rawValue).filter { $0.hasPrefix(word) } }
    if let point = word.lastIndex(of: ".") {
      let (owner, rest) = (String(word[..<point]), word[word.index(after: point)...])
      return columns(of: owner, in: line).filter { Self.begins($0, String(rest)) }.map { "\(owner).\($0)" }
    }
    guard !word.isEmpty else { return [] }
    let names = tables.map(\.name)
    if line.hasPrefix(".schema ") || Self.isTable(line.dropLast(word.count)) { return Self.matching(names, word) }
    // As the person writes: small letters stay small.
    let isSmall = word.contains { $0.isLowercase }
    let words = Self.keywords.map { isSmall ? $0.lowercased() : $0 }
    var seen: Set<String> = []
    return Self.matching(names + Set(tables.flatMap(\.columns)).sorted() + functions + words, word)
      .filter { seen.insert($0).inserted }
  }

  /// Whether what follows is a table: the last word is FROM or JOIN.
  private static func isTable(_ before: Substring) -> Bool {
    let last = before.split(whereSeparator: \.isWhitespace).last?.lowercased()
    return last == "from" || last == "join"
  }

  /// Those that begin with a word as it is written; where there are none, those that begin with it in other letters.
  private static func matching(_ texts: [String], _ word: String) -> [String] {
    let exact = texts.filter { $0.hasPrefix(word) }
    return exact.isEmpty ? texts.filter { begins($0, word) } : exact
  }

  private static func begins(_ text: String, _ word: String) -> Bool {
    text.lowercased().hasPrefix(word.lowercased())
  }

  /// Of a table, or of one that the line calls so: `samples s`, `samples AS s`.
  private func columns(of owner: String, in line: String) -> [String] {
    let owner = owner.lowercased()
    if let table = tables.first(where: { $0.name.lowercased() == owner }) { return table.columns }
    let words = line.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    for (i, word) in words.enumerated() where word == owner {
      let before = words[..<i].last { $0 != "as" }
      if let table = tables.first(where: { $0.name.lowercased() == before }) { return table.columns }
    }
    return []
  }
}
