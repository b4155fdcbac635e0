/// What the argument parser tells about the program (its "tool info", serialization version 0), as far as a manual
/// page needs it.
struct ToolDescription: Decodable {
  let command: CommandDescription
}

/// A command and its sub-commands.
struct CommandDescription: Decodable {
  let superCommands: [String]?
  let shouldDisplay: Bool?
  let commandName: String
  let abstract: String?
  let discussion: String?
  let subcommands: [CommandDescription]?
  let arguments: [ArgumentDescription]?

  var qualifiedName: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }

  /// `cohort-plan-create`
  var pageName: String { ((superCommands ?? []) + [commandName]).joined(separator: "-") }

  /// This command and all below it, but for the parser's own `help`.
  var withDescendants: [CommandDescription] {
    [self] + visibleSubcommands.flatMap(\.withDescendants)
  }

  var visibleSubcommands: [CommandDescription] {
    (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" }
  }
}

/// An argument, option or flag.
struct ArgumentDescription: Decodable {
  enum Kind: String, Decodable {
    case positional, option, flag
  }

  struct Name: Decodable {
    let kind: String
    let name: String

    var text: String { kind == "long" ? "--\(name)" : "-\(name)" }
  }

  let kind: Kind
  let shouldDisplay: Bool
  let sectionTitle: String?
  let isOptional: Bool
  let isRepeating: Bool
  let names: [Name]?
  let valueName: String?
  let defaultValue: String?
  let allValues: [String]?
  let abstract: String?
  let discussion: String?
}
