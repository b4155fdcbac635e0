import ArgumentParser
import CohortActions

/// `cohort backup`
struct BackupCommand: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy the store while it is in use.",
    discussion: examples(
      "cohort backup /backups/monday",
      text: """
        The copy is one consistent state without free pages, with the models and tokenizers; readers and the writer go on \
        meanwhile. It is a store like any other: open it with --store. A store that lacks a model or a tokenizer which \
        it needs is not copied: the exit code is 4.
        """))

  @Argument(help: "The folder to make; it must not exist or be empty.", completion: .directory) var path: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> BackupAction { BackupAction(destination: path) }
}
