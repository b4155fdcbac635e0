import ArgumentParser
import CohortActions

/// `cohort model`
struct ModelCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "The models that the store makes its vectors with.",
    discussion: examples(
      "cohort model add models/potion-base-8M", "cohort model list", "cohort model info potion-base-8M",
      text: """
        Static models in the layout of Model2Vec: config.json, model.safetensors and tokenizer.json. They are copied into \
        the store, which makes the same vectors with them next year. The model that is part of this program is copied when \
        a space needs it.
        """),
    subcommands: [ModelAdd.self, ModelList.self, ModelInfo.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort model add`
struct ModelAdd: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Copy a model into the store.",
    discussion: examples(
      "cohort model add models/potion-base-8M", "cohort model add ./v2 --name support-v2", "cohort model add builtin",
      text: """
        A model that the store's spaces need and that is gone or damaged is put back by adding the same model under the \
        same name again. Another one is refused in its place.
        """))

  @Argument(help: "The model's folder, or builtin.", completion: .directory) var folder: String
  @Option(help: ArgumentHelp("What the store calls it; else as the folder.", valueName: "name")) var name: String?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if folder == ModelAddAction.bundled, name != nil { throw ValidationError("The built-in model keeps its name.") }
  }

  func action(_ session: Session) -> ModelAddAction { ModelAddAction(folder: folder, model: name) }
}

/// `cohort model list`
struct ModelList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the store's models.", discussion: examples("cohort model list"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> ModelListAction { ModelListAction() }
}

/// `cohort model info`
struct ModelInfo: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Show a model of the store, and the spaces that it makes vectors for.",
    discussion: examples("cohort model info minilm-l6-256"))

  @Argument(help: "The model's name.") var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> ModelInfoAction { ModelInfoAction(model: name) }
}
