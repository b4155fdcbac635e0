/// A table that statements can read, for people: its name, its columns and how it would be made.
public struct TableDeclaration: Hashable, Sendable {
  public let name: String
  /// In their order, those included that are arguments and no columns of `SELECT *`.
  public let columns: [String]
  /// `CREATE TABLE name(…)`
  public let sql: String
  /// Whether it is read from the store itself; else from the catalog.
  public let isOfStore: Bool

  /// - Parameter sql: `CREATE TABLE … (…)` of a table without expressions in front of its columns' names.
  init(_ name: String, sql: String, isOfStore: Bool) {
    self.name = name
    self.sql = sql
    self.isOfStore = isOfStore
    columns = Self.columns(of: sql)
  }

  /// What no column is called: constraints of the table begin with these.
  private static let constraints: Set = ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"]

  /// The first word behind the first parenthesis, and behind each comma that is within no other.
  private static func columns(of sql: String) -> [String] {
    var columns: [String] = []
    var (depth, word, isAwaited) = (0, "", false)
    for line in sql.split(separator: "\n") {
      for character in (line.firstRange(of: "--").map { line[..<$0.lowerBound] } ?? line) + " " {
        let isOfWord = character.isLetter || character.isNumber || character == "_"
        if isAwaited, depth == 1 {
          if isOfWord {
            word.append(character)
            continue
          }
          if !word.isEmpty {
            if !constraints.contains(word) { columns.append(word) }
            (word, isAwaited) = ("", false)
          }
        }
        switch character {
        case "(":
          depth += 1
          if depth == 1 { isAwaited = true }
        case ")": depth -= 1
        case "," where depth == 1: isAwaited = true
        default: break
        }
      }
    }
    return columns
  }
}
