import ArgumentParser
import CohortPipeline
import CohortStore

/// `cohort backup`
struct BackupCommand: CohortCommand {
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

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.readableStore()
    try BackupJob.run(store, to: path)
    let copy = try Store.open(at: path)
    try copy.read { transaction in
      let counters = try transaction.counters
      try session.output.record([
        "backup": .text(path), "id": .digest(copy.id), "samples": .count(counters.live),
        "log_sequence": .sequence(counters.lastSequence), "file_bytes": .count(try copy.sizes().fileBytes),
      ])
    }
    return .done
  }
}
