/// Bytes of an answer as lines of JSON, or a little more: names of columns in every row, empty texts and NULL count as well. No
/// other form without padding takes more.
struct AnswerSize {
  /// Of a row without its values.
  private let rowBytes: Int
  private(set) var bytes = 0

  init(_ columns: [String]) {
    // Braces and the end of the line; quotes, colon and comma of each name, and the number that equal names get.
    rowBytes = columns.reduce(3) { $0 + Self.escaped($1) + 8 }
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
    case .text(let text): escaped(text) + 2
    // Hexadecimal digits.
    case .blob(let bytes): 2 * bytes.count + 2
    }
  }

  /// Bytes of a text in JSON that can do nothing to a terminal: controls are `\u0000`, and so are those of two and three bytes
  /// that begin with 0xC2 and 0xE2.
  private static func escaped(_ text: String) -> Int {
    var text = text
    return text.withUTF8 { bytes in
      bytes.reduce(0) { sum, byte in
        switch byte {
        case 0..<0x20, 0x7f: sum + 6
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): sum + 2
        case 0xc2: sum + 5
        case 0xe2: sum + 4
        default: sum + 1
        }
      }
    }
  }
}
