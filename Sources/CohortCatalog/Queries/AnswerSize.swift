internal import CohortCore

/// Bytes of an answer as lines of JSON, or a little more: names of columns in every row, empty texts and NULL count as well. No
/// other form without padding takes more.
struct AnswerSize {
  /// Of a row without its values.
  private let rowBytes: Int
  private(set) var bytes = 0

  init(_ columns: [String]) {
    // Braces and the end of the line; quotes, colon and comma of each name, and the number that equal names get.
    rowBytes = columns.reduce(3) { $0 + JSONString.size(of: $1, .terminal) + 6 }
    bytes = rowBytes
  }

  mutating func add(_ row: [CatalogValue]) {
    bytes += row.reduce(rowBytes) { $0 + Self.size($1) }
  }

  private static func size(_ value: CatalogValue) -> Int {
    switch value {
    case .null: 4
    case .integer: 20
    case .real: 24
    case .text(let text): JSONString.size(of: text, .terminal)
    // Hexadecimal digits.
    case .blob(let bytes): 2 * bytes.count + 2
    }
  }
}
