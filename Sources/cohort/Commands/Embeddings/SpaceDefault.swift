import ArgumentParser
import CohortActions

/// `cohort space default`
struct SpaceDefault: RecordCommand {
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

  func action(_ session: Session) -> SpaceDefaultAction { SpaceDefaultAction(space: name) }
}
