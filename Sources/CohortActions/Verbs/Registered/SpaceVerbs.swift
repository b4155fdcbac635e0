internal import CohortCore
internal import CohortPipeline
internal import CohortProviders
internal import CohortStore

extension VerbRegistry {
  /// Embedding spaces, and the models that make their vectors.
  static let spaces: [Verb] = [
    spaceList, spaceCreate, spaceShow, spaceDefault, spaceDrop, modelList, modelInfo,
  ]

  private static let space = VerbParameter.named("space", "The space's name.")

  private static let spaceList = Verb.rows(
    "List the embedding spaces and how full they are.", VerbRoute(.get, "/spaces"),
    answers: AnswerFields.space + AnswerFields.vectorCounts + [VerbField("default", .boolean)]
  ) { _ in SpaceListAction() }

  /// What a request may say of a server. Keys, and files of the daemon's machine, are named by who owns that machine: on
  /// its command line.
  private static let serverParameters = [
    VerbParameter("url", .body, .text, "With provider: the server, for example http://localhost:8000."),
    VerbParameter("model", .body, .text, "The model, as the server or the store calls it."),
    VerbParameter("dimensions", .body, .positive, "Ask for shorter vectors, if the model can make them."),
    VerbParameter("prefix", .body, .text, "Text put before each text, if the model wants one."),
    VerbParameter("text_limit", .body, .positive, "Cut texts to this many bytes."),
    VerbParameter("timeout", .body, .number, "Seconds that one try may take."),
    VerbParameter("patience", .body, .number, "Seconds to go on trying."),
    VerbParameter("batch_texts", .body, .positive, "Most texts of a request."),
    VerbParameter("batch_tokens", .body, .positive, "Most tokens of a request, estimated."),
    VerbParameter("concurrency", .body, .positive, "Requests under way at the same time."),
    VerbParameter(
      "vector_format", .body, .choice(VectorFormat.allCases.map(\.rawValue)),
      "How OpenAI's interface writes vectors."),
    VerbParameter("tolerance", .body, .number, "Least cosine at which a model is the same as before."),
  ]

  private static let spaceCreate = Verb.record(
    "Add an embedding space whose vectors the store makes. It starts empty; an update fills it.", access: .updates,
    isLong: true, VerbRoute(.post, "/spaces", status: 201),
    [
      .newName("space"),
      VerbParameter(
        "text", .body, .choice(EmbeddedText.allCases.map(\.name)), standard: .text(EmbeddedText.prompt.name),
        "Which text is embedded."),
      VerbParameter(
        "provider", .body, .choice(ProviderKind.allCases.map(\.rawValue)),
        "The interface of a server that makes the vectors; else a model of the store does."),
    ] + serverParameters, answers: AnswerFields.space
  ) { arguments in
    let name = try arguments.text("name")
    let word = try arguments.text("text")
    let text = EmbeddedText.allCases.first { $0.name == word } ?? .prompt
    guard let provider = try arguments.text(ifGiven: "provider") else {
      if let other = serverParameters.first(where: { $0.name != "model" && arguments.has($0.name) }) {
        throw CohortError.argument(other.name, "'\(other.name)' goes with 'provider'")
      }
      return SpaceCreateAction(space: name, text: text, model: try arguments.text(ifGiven: "model"))
    }
    guard arguments.has("url") else { throw CohortError.argument("url", "'provider' needs the address of the server") }
    let fields = serverParameters.compactMap { parameter in
      arguments.values[parameter.name].map {
        (name: parameter.name.replacing("_", with: "-"), value: CSVText.cell($0))
      }
    }
    return SpaceCreateAction(
      space: name, text: text,
      server: try ProviderConfiguration(fields: [(name: "provider", value: provider)] + fields))
  }

  private static let spaceShow = Verb.record(
    "Show a space, and the samples whose text its encoder refuses.", VerbRoute(.get, "/spaces/{space}"), [space],
    answers: AnswerFields.space + AnswerFields.vectorCounts + [
      VerbField("settings", .map(.text)),
      VerbField("refused_samples", .list(.record([VerbField("id", .count), VerbField("reason", .text)]))),
    ]
  ) { SpaceShowAction(space: try $0.text("space")) }

  private static let spaceDefault = Verb.record(
    "Make a space the default: the one that groupings take when none is named.", access: .writes,
    VerbRoute(.post, "/spaces/{space}/default"), [space], answers: [VerbField("default", .text)]
  ) { SpaceDefaultAction(space: try $0.text("space")) }

  private static let spaceDrop = Verb.record(
    "Forget an embedding space and its vectors.", name: DropAction(.space, named: "").name, access: .updates,
    isLong: true, VerbRoute(.delete, "/spaces/{space}"), [space],
    answers: AnswerFields.dropped + [VerbField("chunks_freed", .count)]
  ) { DropAction(.space, named: try $0.text("space")) }

  // MARK: Models

  private static let model: [VerbField] = [
    VerbField("model", .text), VerbField("dimension", .count), VerbField("tokens", .count), VerbField("bytes", .count),
    VerbField("fingerprint", .text), VerbField("path", .text),
  ]

  private static let modelList = Verb.rows(
    "List the store's models.", VerbRoute(.get, "/models"), answers: model
  ) { _ in ModelListAction() }

  private static let modelInfo = Verb.record(
    "Show a model of the store, and the spaces that it makes vectors for.", VerbRoute(.get, "/models/{model}"),
    [.named("model", "The model's name.")], answers: model + [VerbField("spaces", .list(.text))]
  ) { ModelInfoAction(model: try $0.text("model")) }
}
