import CohortStore
import ArgumentParser
import CohortActions

/// `cohort space`
struct SpaceCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "space", abstract: "Embedding spaces: which text, by which model. Vectors of two never mix.",
    discussion: examples(
      "cohort space create answers --text response", "cohort space list", "cohort space show answers",
      "cohort space default answers", "cohort space drop default"),
    subcommands: [SpaceCreate.self, SpaceList.self, SpaceShow.self, SpaceDefault.self, SpaceDrop.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort space create`
struct SpaceCreate: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Add an embedding space whose vectors the store makes.",
    discussion: examples(
      "cohort space create default", "cohort space create answers --text response",
      "cohort space create fine --model potion-base-8M --text both",
      "cohort space create bge --provider openai --url http://localhost:8000 --model BAAI/bge-small-en-v1.5",
      text: """
        The space starts empty; 'cohort embed' or 'cohort update' fills it, and keeps it full as data arrives. A space \
        for vectors that you give needs no command: ingest them with --embeddings FILE.npy --space NAME. Without \
        --provider the model is one of the store's ('cohort model list'), or the one that is part of this program; with \
        it a server makes the vectors ('cohort embed check' tries one). Keys are never kept, only where to find them.
        """))

  @Argument(help: "The space's name.") var name: String
  @Option(help: "Which text is embedded.") var text = EmbeddedTextArgument(.prompt)
  @Option(help: "The interface of a server that makes the vectors.") var provider: ProviderKindArgument?
  @OptionGroup(title: "Embedding server") var server: ProviderArguments
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    try server.check(for: provider?.kind, of: "--provider", exceptFor: ["model"])
  }

  func action(_ session: Session) throws -> SpaceCreateAction {
    SpaceCreateAction(
      space: name, text: text.text, server: try provider.map { try server.configuration($0.kind) },
      model: provider == nil ? server.model : nil)
  }
}

/// `cohort space list`
struct SpaceList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the embedding spaces and how full they are.",
    discussion: examples("cohort space list", "cohort space list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> SpaceListAction { SpaceListAction() }
}

/// `cohort space show`
struct SpaceShow: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a space, and the samples whose text its encoder refuses.",
    discussion: examples("cohort space show default", "cohort space show default --json"))

  @Argument(help: "The space's name.", completion: StoreNames.spaces) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> SpaceShowAction { SpaceShowAction(space: name) }
}
