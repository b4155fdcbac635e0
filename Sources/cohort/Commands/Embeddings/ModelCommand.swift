import ArgumentParser
import CohortPipeline
import CohortStore

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
struct ModelAdd: CohortCommand {
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
    if folder == "builtin", name != nil { throw ValidationError("The built-in model keeps its name.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let library = ModelLibrary(try session.writableStore(for: "model add"))
    let model = try folder == "builtin" ? library.addBundled() : library.add(folder: folder, name: name)
    if folder == "builtin", !library.isBundled(model) {
      session.progress.note(
        "The store's spaces go on with another version of the model than this program brings; nothing was changed.")
    }
    try session.output.record(model.output)
    return .done
  }
}

/// `cohort model list`
struct ModelList: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the store's models.", discussion: examples("cohort model list"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let models = try ModelLibrary(try session.readableStore()).models()
    try session.output.list(ModelLibrary.Model.columns, models.map(\.output))
    return .done
  }
}

/// `cohort model info`
struct ModelInfo: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Show a model of the store, and the spaces that it makes vectors for.",
    discussion: examples("cohort model info minilm-l6-256"))

  @Argument(help: "The model's name.") var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.readableStore()
    let model = try ModelLibrary(store).model(named: name)
    var record = model.output
    let spaces = try store.read { try $0.spaces() }.filter { $0.model == name }
    record.append("spaces", .list(spaces.map { .text($0.name) }))
    try session.output.record(record)
    return .done
  }
}

extension ModelLibrary.Model {
  static let columns: [Column] = ["model", "dimension", "tokens", "bytes", "fingerprint", .hidden("path")]

  var output: OutputRecord {
    [
      "model": .text(name), "dimension": .count(dimension), "tokens": .count(tokens), "bytes": .count(bytes),
      "fingerprint": .text(fingerprint), "path": .text(path),
    ]
  }
}
