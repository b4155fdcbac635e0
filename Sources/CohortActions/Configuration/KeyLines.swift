/// Finds the lines on which the keys of a TOML file stand, for error messages and for `cohort config show`: the parser
/// keeps no places. Reads table headers and `key = value` lines; keys inside inline tables have no line of their own.
///
/// The elements of an array of tables are numbered: the `path` of the second `[[stores]]` is `stores`, `1`, `path`.
package struct KeyLines {
  private var lines: [[String]: Int] = [:]
  /// How many elements each array of tables has so far.
  private var counts: [[String]: Int] = [:]

  package init(_ text: String) {
    var table: [String] = []
    for (i, line) in text.split(omittingEmptySubsequences: false, whereSeparator: Self.endsLine).enumerated() {
      let line = Self.trimmed(line)
      if line.first == "[" {
        guard let end = line.firstIndex(of: "]") else { continue }
        table = enter(Self.parts(line[..<end].drop { $0 == "[" }), isElement: line.hasPrefix("[["))
        lines[table] = lines[table] ?? i + 1
      } else if line.first != "#", let equals = line.firstIndex(of: "=") {
        let key = table + Self.parts(line[..<equals])
        lines[key] = lines[key] ?? i + 1
      }
    }
  }

  /// The 1-based line of a key, given as the names of its tables and its own.
  package func line(of key: [String]) -> Int? { lines[key] }

  /// The line of a key, or of the innermost table around it that has one.
  package func nearestLine(of key: [String]) -> Int? {
    (0...key.count).lazy.compactMap { lines[Array(key.dropLast($0))] }.first
  }

  /// The place of the table that a header begins: names below an array of tables belong to its last element.
  private mutating func enter(_ names: [String], isElement: Bool) -> [String] {
    var place: [String] = []
    for (i, name) in names.enumerated() {
      place.append(name)
      if isElement, i == names.count - 1 {
        let number = counts[place, default: 0]
        counts[place] = number + 1
        place.append(String(number))
      } else if let count = counts[place] {
        place.append(String(count - 1))
      }
    }
    return place
  }

  private static func parts(_ dotted: Substring) -> [String] {
    dotted.split(separator: ".").map { part in
      String(trimmed(part).drop { $0 == "\"" || $0 == "'" }.prefix { $0 != "\"" && $0 != "'" })
    }
  }

  /// CR and LF together are one character.
  private static func endsLine(_ character: Character) -> Bool { character == "\n" || character == "\r\n" }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0.isWhitespace }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
