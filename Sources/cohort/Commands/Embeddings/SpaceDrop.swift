import ArgumentParser
import CohortPipeline
import CohortStore

/// `cohort space default`
struct SpaceDefault: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "default", abstract: "Make a space the default: the one that groupings take when none is named.",
    discussion: examples(
      "cohort space default answers",
      text: """
        'cohort grouping create --by embedding' and '--by anchors' take it unless --space says otherwise. Where none was \
        made the default, a store's only space is it; with several, --space is needed. Groupings that are there keep \
        theirs.
        """))

  @Argument(help: "The space's name.", completion: StoreNames.spaces) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "space default")
    _ = try store.read { try $0.existingSpace(name) }
    try store.write { try $0.makeDefault(space: name) }
    try session.output.record(["default": .text(name)])
    return .done
  }
}

/// `cohort space drop`
struct SpaceDrop: CohortCommand {
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

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "space drop")
    _ = try store.read { try $0.existingSpace(name) }
    let chunks = try SpaceJob.drop(store, space: name, control: session.jobControl())
    session.progress.finish()
    try session.output.record(["dropped": .text(name), "chunks_freed": .count(chunks)])
    return .done
  }
}
