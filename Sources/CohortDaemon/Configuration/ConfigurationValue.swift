import CohortCore
import TOMLKit

/// What a key of the configuration takes.
package enum ConfigurationForm: Hashable, Sendable {
  case text
  /// A path; relative ones start from the folder of the file that says so.
  case path
  case integer(ClosedRange<Int>)
  case seconds(ClosedRange<Double>)
  case boolean
  case choice([String])
  /// A list; one text alone is a list of one.
  case texts
  /// `NAME=VALUE` pairs: a table, a list of them, or one text with commas.
  case pairs

  /// In words, for hints.
  package var words: String {
    switch self {
    case .text: "a string"
    case .path: "a string with a path"
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .seconds(let range): "seconds from \(range.lowerBound) to \(range.upperBound)"
    case .boolean: "true or false"
    case .choice(let choices): "one of \(choices.joined(separator: ", "))"
    case .texts: "a string, or a list of strings"
    case .pairs: "a table of strings, or a string NAME=VALUE,NAME=VALUE, or a list of such pairs"
    }
  }
}

/// The value of a key, checked against its form.
package enum ConfigurationValue: Hashable, Sendable {
  case text(String)
  case integer(Int)
  case seconds(Double)
  case boolean(Bool)
  case texts([String])

  /// Takes a value of a file.
  /// - Parameter folder: where relative paths start, with its slash; empty for the current folder.
  /// - Returns: nil when it is nothing that the form takes.
  init?(_ node: any TOMLValueConvertible, _ form: ConfigurationForm, folder: String) {
    switch form {
    case .text:
      guard let text = node.string else { return nil }
      self = .text(text)
    case .path:
      guard let text = node.string, !text.isEmpty else { return nil }
      self = .text(text.hasPrefix("/") ? text : folder + text)
    case .integer(let range):
      guard let number = node.int, range.contains(number) else { return nil }
      self = .integer(number)
    case .seconds(let range):
      guard let number = node.double ?? node.int.map(Double.init), range.contains(number) else { return nil }
      self = .seconds(number)
    case .boolean:
      guard let value = node.bool else { return nil }
      self = .boolean(value)
    case .choice(let choices):
      guard let text = node.string, choices.contains(text) else { return nil }
      self = .text(text)
    case .texts:
      guard let texts = node.string.map({ [$0] }) ?? Self.texts(node) else { return nil }
      self = .texts(texts)
    case .pairs:
      if let texts = Self.texts(node) {
        self = .texts(texts)
        return
      }
      if let text = node.string {
        self = .texts(Self.parts(text))
        return
      }
      guard let table = node.table else { return nil }
      var pairs: [String] = []
      for name in table.keys.sorted() {
        guard let text = table[name]?.string else { return nil }
        pairs.append("\(name)=\(text)")
      }
      self = .texts(pairs)
    }
  }

  /// The elements of a list of strings.
  private static func texts(_ node: any TOMLValueConvertible) -> [String]? {
    guard let array = node.array else { return nil }
    var texts: [String] = []
    for element in array {
      guard let text = element.string else { return nil }
      texts.append(text)
    }
    return texts
  }

  /// The parts between commas.
  static func parts(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: true).map(String.init)
  }

  /// As TOML.
  package var toml: String {
    switch self {
    case .text(let text): JSONString.quoted(text, .terminal)
    case .integer(let number): String(number)
    case .seconds(let number): String(number)
    case .boolean(let value): value ? "true" : "false"
    case .texts(let texts): "[" + texts.map { JSONString.quoted($0, .terminal) }.joined(separator: ", ") + "]"
    }
  }
}
