import ArgumentParser
import CohortActions

/// `cohort space drop`
struct SpaceDrop: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget an embedding space and its vectors.",
    discussion: examples(
      "cohort space drop answers", "cohort space default answers && cohort space drop fine",
      text: """
        Refused while a grouping belongs to the space ('cohort grouping drop' first), and for one that 'cohort space \
        default' made the default (make another one that first). The samples, the log and snapshots stay as they are; a \
        space of the same name later is another one, with vectors of its own. The vectors' room in the file is used \
        again, the file itself gets no smaller. The model's files stay in the store, too.
        """))

  @Argument(help: "The space's name.", completion: StoreNames.spaces) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> DropAction { DropAction(.space, named: name) }
}
