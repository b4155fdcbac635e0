import CohortStore
import CohortActions
import ArgumentParser
import CohortCore
import CohortDaemon
import Foundation

/// `cohort man`
struct ManualCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "man", abstract: "Print manual pages, or write them all into a folder.",
    discussion: examples(
      "cohort man | man -l -",
      "cohort man plan create | man -l -",
      "cohort man cohortd | man -l -",
      "cohort man --output /usr/local/share/man/man1"))

  @Argument(help: "The command that the page is about.") var command: [String] = []

  @Option(help: ArgumentHelp("Write the pages of all commands there.", valueName: "folder"), completion: .directory)
  var output: String?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    guard let output else {
      let page = command == [DaemonProgram.name] ? try daemonPage() : ManualPage(try find(in: try root()))
      try session.output.raw(page.text)
      return .done
    }
    guard command.isEmpty else {
      throw CohortError.usage("--output writes the pages of all commands", hint: "Leave the command away")
    }
    for page in try root().withDescendants { try write(ManualPage(page), page.pageName, to: output, session) }
    try write(daemonPage(), DaemonProgram.name, to: output, session)
    return .done
  }

  private func root() throws -> CommandDescription { try Self.described(Data(Cohort._dumpHelp().utf8)) }

  private static func described(_ help: Data) throws -> CommandDescription {
    try JSONDecoder().decode(ToolDescription.self, from: help).command
  }

  private func daemonPage() throws -> ManualPage {
    ManualPage(try Self.described(Data(DaemonProgram.help.utf8)), exitCodes: ExitCode.daemon, others: ["cohort"])
  }

  private func write(_ page: ManualPage, _ name: String, to folder: String, _ session: Session) throws {
    let path = "\(folder)/\(name).1"
    do {
      try Data(page.text.utf8).write(to: URL(fileURLWithPath: path))
    } catch {
      throw CohortError(
        .cliOutput, "A manual page cannot be written", place: path, cause: error.localizedDescription,
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
          "command", name, known: children.map(\.commandName) + (node.superCommands == nil ? [DaemonProgram.name] : []))
      }
      node = next
    }
    return node
  }
}
