import ArgumentParser
import CohortActions

/// `cohort compact`
struct CompactCommand: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact", abstract: "Pack samples tighter, and give free pages back to the disk.",
    discussion: examples(
      "cohort compact", "cohort compact --level 19", "cohort compact --codec plain",
      text: """
        What comes in is packed in a hurry. This packs it anew, with a dictionary trained from all of the store; reading takes \
        no longer afterwards. Others read and write meanwhile. Interrupted or killed, the next run goes on where this one \
        was. What the file still held of deleted samples is gone afterwards. The data file stays as long as it is and has \
        holes, which du shows and ls does not: a copy without them is made by 'cohort backup'.
        """))

  @Option(help: "How samples are stored: zstd or plain.", completion: .list(CompactAction.codecs)) var codec = "zstd"
  @Option(help: "How tight to compress: 1 (quickest) to 19 (smallest). Without it, 9.") var level: Int?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) throws -> CompactAction { try CompactAction(codec: codec, level: level) }
}
