import CohortStore
import CohortActions
import ArgumentParser
import CohortCore
import CohortDaemon
import Foundation

/// `cohort man`
struct ManualCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "man", abstract: "Show a manual page or a document, or write them all into a folder.",
    discussion: examples(
      "cohort man", "cohort man plan create", "cohort man cohortd", "cohort man tasks", "cohort man sql.md",
      "cohort man --list", "cohort man plan create > plan.1",
      "cohort man --output /usr/local/share/man/man1",
      text: """
        On a terminal a page is shown by 'man', a document by PAGER, less or more; elsewhere both are printed as they are. \
        Commands come before documents of the same name: 'sql' is the command, 'sql.md' the document.
        """))

  @Argument(help: "The command or the document that it is about.") var command: [String] = []

  @Flag(help: "List the commands and the documents.") var list = false
  @Option(help: ArgumentHelp("Write the pages of all commands there.", valueName: "folder"), completion: .directory)
  var output: String?
  @Option(help: ArgumentHelp("Write all documents there.", valueName: "folder"), completion: .directory)
  var documents: String?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    guard !command.isEmpty, list || output != nil || documents != nil else { return }
    throw ValidationError("--list, --output and --documents are about all pages: leave the command away.")
  }

  func execute(_ session: Session) throws -> Outcome {
    if list {
      try session.output.list(["name", "kind", "about"], try listing())
    } else if output != nil || documents != nil {
      if let output { try writePages(to: output, session) }
      if let documents {
        for document in Document.all { try write(document.text, "\(document.name).md", to: documents, session) }
      }
    } else {
      try show(session)
    }
    return .done
  }

  private func show(_ session: Session) throws {
    let isTerminal = session.output.terminal.isTerminal
    switch try page() {
    case .document(let document):
      if !isTerminal || !shows(document.text) { try session.output.raw(document.text) }
    case .manual(let page):
      guard isTerminal else { return try session.output.raw(page.text) }
      if PagerCommand.forManual(Session.environment)?.show(page.text) == true { return }
      let plain = PlainPage(page.text, columns: session.output.terminal.columns ?? 80).text
      if !shows(plain) { try session.output.raw(plain) }
    }
  }

  /// Whether a pager showed a text.
  private func shows(_ text: String) -> Bool { PagerCommand.forTexts(Session.environment)?.show(text) ?? false }

  private enum Page {
    case manual(ManualPage)
    case document(Document)
  }

  private func page() throws -> Page {
    if command == [DaemonProgram.name] { return .manual(try daemonPage()) }
    if command == [Cohort._commandName] { return .manual(ManualPage(try root())) }
    do {
      return .manual(ManualPage(try find(in: try root())))
    } catch let error as CohortError {
      guard command.count == 1, let document = Document.named(command[0]) else { throw error }
      return .document(document)
    }
  }

  private func listing() throws -> [ReportRecord] {
    let commands = try root().withDescendants.map { command -> ReportRecord in
      let words = ((command.superCommands ?? []) + [command.commandName]).dropFirst()
      return [
        "name": .text(words.isEmpty ? "cohort" : words.joined(separator: " ")), "kind": "command",
        "about": .text(command.abstract ?? ""),
      ]
    }
    let names = Set(try root().visibleSubcommands.map(\.commandName))
    return commands
      + Document.all.map {
        [
          "name": .text(names.contains($0.name) ? "\($0.name).md" : $0.name), "kind": "document",
          "about": .text($0.title),
        ]
      }
  }

  private func writePages(to folder: String, _ session: Session) throws {
    for page in try root().withDescendants {
      try write(ManualPage(page).text, "\(page.pageName).1", to: folder, session)
    }
    try write(daemonPage().text, "\(DaemonProgram.name).1", to: folder, session)
  }

  private func root() throws -> CommandDescription { try Self.described(Data(Cohort._dumpHelp().utf8)) }

  private static func described(_ help: Data) throws -> CommandDescription {
    try JSONDecoder().decode(ToolDescription.self, from: help).command
  }

  private func daemonPage() throws -> ManualPage {
    ManualPage(try Self.described(Data(DaemonProgram.help.utf8)), exitCodes: ExitCode.daemon, others: ["cohort"])
  }

  private func write(_ text: String, _ name: String, to folder: String, _ session: Session) throws {
    let path = "\(folder)/\(name)"
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    } catch {
      throw CohortError(
        .cliOutput, "A page cannot be written", place: path, cause: error.localizedDescription,
        hint: "The folder has to exist")
    }
    session.progress.tell("wrote \(path)")
  }

  private func find(in root: CommandDescription) throws -> CommandDescription {
    var node = root
    for name in command {
      let children = node.subcommands ?? []
      guard let next = children.first(where: { $0.commandName == name }) else {
        throw CohortError.unknown(
          "command", name,
          known: children.map(\.commandName)
            + (node.superCommands == nil ? [DaemonProgram.name] + Document.all.map(\.name) : []))
      }
      node = next
    }
    return node
  }
}
