import CohortActions
import CohortCore

/// A line of the shell that is no SQL.
enum ShellCommand: Equatable {
  case tables(like: String?)
  case schema(of: String?)
  case mode(OutputFormat)
  case timer(Bool)
  /// Nil: back to standard output.
  case output(String?)
  case help
  case quit

  /// As they are typed, with what they do.
  static let all: [(name: String, argument: String?, text: String)] = [
    (".tables", "[TEXT]", "list the tables, or those whose names hold TEXT"),
    (".schema", "[TABLE]", "show how tables are declared"),
    (".mode", OutputFormat.allCases.map(\.rawValue).joined(separator: "|"), "how answers are printed"),
    (".timer", "on|off", "whether each statement's time is told"),
    (".output", "[FILE]", "print answers into a file; without FILE to the screen again"),
    (".help", nil, "show this"),
    (".quit", nil, "leave, as Control-D does"),
  ]

  static var helpText: String {
    let words = all.map { [$0.name, $0.argument].compactMap(\.self).joined(separator: " ") }
    let width = words.map(\.count).max() ?? 0
    return zip(words, all).map { words, command in
      words + String(repeating: " ", count: width - words.count) + "  " + command.text + "\n"
    }.joined() + "Statements end with a semicolon. Control-C ends the one that runs.\n"
  }

  /// - Throws: `cli.usage` for anything else.
  init(_ text: String) throws {
    let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true).map(String.init)
    let name = words.first ?? "."
    let argument = words.count > 1 ? words[1].trimmed : nil
    func noArgument(_ command: ShellCommand) throws -> ShellCommand {
      guard argument == nil else { throw CohortError.usage("\(name) takes nothing behind it") }
      return command
    }
    switch name {
    case ".tables": self = .tables(like: argument)
    case ".schema": self = .schema(of: argument)
    case ".mode":
      guard let argument, let format = OutputFormat(rawValue: argument) else {
        throw CohortError.usage(
          argument.map { "'\($0)' is no mode" } ?? ".mode needs a mode",
          hint: "It is one of " + OutputFormat.allCases.map(\.rawValue).joined(separator: ", "))
      }
      self = .mode(format)
    case ".timer":
      guard argument == "on" || argument == "off" else { throw CohortError.usage(".timer takes on or off") }
      self = .timer(argument == "on")
    case ".output": self = .output(argument)
    case ".help": self = try noArgument(.help)
    case ".quit", ".exit", ".q": self = try noArgument(.quit)
    default:
      let close = Suggestion.closest(to: name, among: Self.all.map(\.name))
      throw CohortError.usage(
        "'\(name)' is no command of the shell", hint: close.map { "Did you mean \($0)?" } ?? ".help lists them")
    }
  }
}

extension String {
  /// Without blanks at both ends.
  fileprivate var trimmed: String {
    var rest = self[...]
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return String(rest)
  }
}
