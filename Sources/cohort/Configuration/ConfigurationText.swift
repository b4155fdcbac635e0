import CohortActions
import CohortCore

/// The text of a configuration file, to be changed in one place: comments, order and everything else stay as they are.
struct ConfigurationText {
  private var lines: [String]
  /// What ends each line.
  private let end: Character

  init(_ text: String) {
    lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    end = text.first { $0 == "\n" || $0 == "\r\n" } ?? "\n"
    // Behind the last line end there is no line.
    if lines.last?.isEmpty == true { lines.removeLast() }
  }

  var text: String { lines.map { $0 + String(end) }.joined() }

  /// Gives a key a value: in its line, or in a new one in its table.
  mutating func set(_ setting: Setting, to value: SettingValue) {
    let key = setting.rawValue.split(separator: ".").map(String.init)
    let literal =
      switch value {
      case .text(let text): JSONString.quoted(text)
      case .integer(let number): String(number)
      }
    if let index = index(of: key), let equals = lines[index].firstIndex(of: "=") {
      lines[index] = lines[index][...equals] + " " + literal + Self.comment(of: lines[index][equals...])
    } else if key.count == 1 {
      insertAbove("\(key[0]) = \(literal)")
    } else if let header = index(of: key.dropLast()), lines[header].contains("[") {
      lines.insert("\(key[key.count - 1]) = \(literal)", at: header + 1)
    } else {
      if !lines.isEmpty { lines.append("") }
      lines += ["[\(key.dropLast().joined(separator: "."))]", "\(key[key.count - 1]) = \(literal)"]
    }
  }

  /// Puts a line above the first table, and the comments that belong to that: behind its header it would be a key of it.
  private mutating func insertAbove(_ line: String) {
    func first(_ index: Int) -> Character? { lines[index].first { $0 != " " && $0 != "\t" } }
    guard var place = lines.indices.first(where: { first($0) == "[" }) else { return lines.append(line) }
    while place > 0, first(place - 1) == "#" { place -= 1 }
    let isApart = place > 0 && first(place - 1) == nil
    lines.insert(contentsOf: isApart ? [line] : [line, ""], at: isApart ? place - 1 : place)
  }

  /// Takes a key away. - Returns: whether it was there, in a line of its own.
  mutating func remove(_ setting: Setting) -> Bool {
    guard let index = index(of: setting.rawValue.split(separator: ".").map(String.init)) else { return false }
    lines.remove(at: index)
    return true
  }

  private func index(of key: [String]) -> Int? { KeyLines(text).line(of: key).map { $0 - 1 } }

  /// What stands behind a value: a comment, with the space before it.
  private static func comment(of rest: Substring) -> Substring {
    var quotation: Character?
    var isEscaped = false
    for index in rest.indices {
      let character = rest[index]
      if isEscaped {
        isEscaped = false
      } else if let mark = quotation {
        if character == "\\", mark == "\"" { isEscaped = true }
        if character == mark { quotation = nil }
      } else if character == "\"" || character == "'" {
        quotation = character
      } else if character == "#" {
        var start = index
        while start > rest.startIndex, rest[rest.index(before: start)].isWhitespace {
          start = rest.index(before: start)
        }
        return rest[start...]
      }
    }
    return ""
  }
}
