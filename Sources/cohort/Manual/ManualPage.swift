/// A manual page in the `man` macros, written from what the argument parser knows about a command.
struct ManualPage {
  private let command: CommandDescription
  private let exitCodes: [ExitCode]
  private let others: [String]

  /// - Parameters:
  ///   - exitCodes: those of the program.
  ///   - others: pages of other programs that belong to it.
  init(_ command: CommandDescription, exitCodes: [ExitCode] = ExitCode.command, others: [String] = []) {
    (self.command, self.exitCodes, self.others) = (command, exitCodes, others)
  }

  /// The page. The same command gives the same bytes: there is no date in it.
  var text: String {
    var page = RoffText()
    page.macro("TH", command.pageName.uppercased(), "1", "", "Cohort", "Cohort Manual")
    page.section("NAME")
    page.line("\(command.pageName) \u{2014} \(Self.lowercasedFirst(command.abstract ?? ""))")
    page.section("SYNOPSIS")
    synopsis(into: &page)
    if let discussion = command.discussion {
      page.section("DESCRIPTION")
      describe(discussion, into: &page)
    }
    arguments(into: &page)
    subcommands(into: &page)
    exitStatus(into: &page)
    references(into: &page)
    return page.text
  }

  private func synopsis(into page: inout RoffText) {
    var words = ["\\fB\(RoffText.escaped(command.qualifiedName))\\fR"]
    for argument in command.arguments ?? [] where argument.shouldDisplay && argument.sectionTitle == nil {
      words.append(Self.synopsis(of: argument))
    }
    if !command.visibleSubcommands.isEmpty { words.append("\\fIcommand\\fR") }
    let groups = Set((command.arguments ?? []).filter(\.shouldDisplay).compactMap(\.sectionTitle))
    for title in groups.sorted() {
      words.append("[\\fI\(RoffText.escaped(Self.synopsisWord(for: title)))\\fR]")
    }
    page.roff(words.joined(separator: " "))
  }

  /// `Global options` are options; other groups are named as such.
  private static func synopsisWord(for title: String) -> String {
    let word = lowercasedFirst(title)
    return word.hasSuffix("options") ? word : "options of \(word)"
  }

  private static func synopsis(of argument: ArgumentDescription) -> String {
    let value = RoffText.escaped(argument.valueName ?? "")
    let repeated = argument.isRepeating ? " ..." : ""
    let name = argument.names?.last.map { RoffText.escaped($0.text) } ?? ""
    let core =
      switch argument.kind {
      case .positional: "\\fI\(value)\\fR\(repeated)"
      case .option: "\\fB\(name)\\fR \\fI\(value)\\fR\(repeated)"
      case .flag: "\\fB\(name)\\fR"
      }
    return argument.isOptional ? "[\(core)]" : core
  }

  /// Lines that are indented are shown as they are: they are examples.
  private func describe(_ discussion: String, into page: inout RoffText) {
    var isExample = false
    for line in discussion.split(separator: "\n", omittingEmptySubsequences: false) {
      let indented = line.hasPrefix("  ")
      if indented != isExample {
        page.macro(indented ? "nf" : "fi")
        isExample = indented
      }
      if line.isEmpty { page.macro("PP") } else { page.line(String(line)) }
    }
    if isExample { page.macro("fi") }
  }

  private func arguments(into page: inout RoffText) {
    var sections: [(title: String, arguments: [ArgumentDescription])] = []
    for argument in command.arguments ?? [] where argument.shouldDisplay {
      let title = argument.sectionTitle ?? (argument.kind == .positional ? "Arguments" : "Options")
      if let index = sections.firstIndex(where: { $0.title == title }) {
        sections[index].arguments.append(argument)
      } else {
        sections.append((title, [argument]))
      }
    }
    for section in sections {
      page.section(section.title.uppercased())
      for argument in section.arguments { describe(argument, into: &page) }
    }
  }

  private func describe(_ argument: ArgumentDescription, into page: inout RoffText) {
    page.macro("TP")
    let names = (argument.names ?? []).map { "\\fB\(RoffText.escaped($0.text))\\fR" }.joined(separator: ", ")
    let value = argument.valueName.map { "\\fI\(RoffText.escaped($0))\\fR" } ?? ""
    page.roff(argument.kind == .positional ? value : argument.kind == .flag ? names : "\(names) \(value)")
    var text = argument.abstract ?? ""
    if let values = argument.allValues, !values.isEmpty { text += " One of \(values.joined(separator: ", "))." }
    if let value = argument.defaultValue { text += " Default: \(value)." }
    page.line(text)
    if let discussion = argument.discussion { page.line(discussion) }
  }

  private func subcommands(into page: inout RoffText) {
    guard !command.visibleSubcommands.isEmpty else { return }
    page.section("COMMANDS")
    for child in command.visibleSubcommands {
      page.macro("TP")
      page.roff("\\fB\(RoffText.escaped(child.commandName))\\fR")
      page.line(child.abstract ?? "")
    }
  }

  private func exitStatus(into page: inout RoffText) {
    page.section("EXIT STATUS")
    for (code, meaning) in exitCodes.map({ ($0.code, $0.meaning) }) {
      page.macro("TP")
      page.line(code)
      page.line(meaning)
    }
  }

  private func references(into page: inout RoffText) {
    var names = command.visibleSubcommands.map(\.pageName) + others
    if let parent = command.superCommands { names.insert(parent.joined(separator: "-"), at: 0) }
    guard !names.isEmpty else { return }
    page.section("SEE ALSO")
    page.roff(names.map { "\\fB\(RoffText.escaped($0))\\fR(1)" }.joined(separator: ", "))
  }

  private static func lowercasedFirst(_ text: String) -> String {
    let text = text.hasSuffix(".") ? String(text.dropLast()) : text
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
