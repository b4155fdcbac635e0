import CohortStore
import CohortActions
import ArgumentParser
import CohortCore
import Foundation

/// `cohort man`
struct ManualCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "man", abstract: "Print manual pages, or write them all into a folder.",
    discussion: examples(
      "cohort man | man -l -",
      "cohort man plan create | man -l -",
      "cohort man --output /usr/local/share/man/man1"))

  @Argument(help: "The command that the page is about.") var command: [String] = []

  @Option(help: ArgumentHelp("Write the pages of all commands there.", valueName: "folder"), completion: .directory)
  var output: String?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let root = try JSONDecoder().decode(ToolDescription.self, from: Data(Cohort._dumpHelp().utf8)).command
    guard let output else {
      try session.output.raw(ManualPage(try find(in: root)).text)
      return .done
    }
    guard command.isEmpty else {
      throw CohortError.usage("--output writes the pages of all commands", hint: "Leave the command away")
    }
    for page in root.withDescendants {
      let path = "\(output)/\(page.pageName).1"
      do {
        try Data(ManualPage(page).text.utf8).write(to: URL(fileURLWithPath: path))
      } catch {
        throw CohortError(
          .cliOutput, "A manual page cannot be written", place: path, cause: error.localizedDescription,
          hint: "The folder has to exist")
      }
      session.progress.tell("wrote \(path)")
    }
    return .done
  }

  private func find(in root: CommandDescription) throws -> CommandDescription {
    var node = root
    for name in command {
      let children = node.subcommands ?? []
      guard let next = children.first(where: { $0.commandName == name }) else {
        throw CohortError.unknown("command", name, known: children.map(\.commandName))
      }
      node = next
    }
    return node
  }
}
