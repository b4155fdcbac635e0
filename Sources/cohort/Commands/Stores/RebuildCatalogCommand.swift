import ArgumentParser
import CohortActions

/// `cohort rebuild-catalog`
struct RebuildCatalogCommand: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild-catalog", abstract: "Make the SQL catalog anew from the log.",
    discussion: examples(
      "cohort rebuild-catalog",
      text: """
        The catalog is a projection of the store's log: it can be deleted and made again at any time, with the same \
        content. Commands that need it do so by themselves when it is missing or does not fit.
        """))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> RebuildCatalogAction { RebuildCatalogAction() }
}
