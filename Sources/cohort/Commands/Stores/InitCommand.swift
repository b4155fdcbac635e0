import CohortStore
import CohortCore
import ArgumentParser
import CohortActions
import CohortProviders

/// `cohort init`
struct InitCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Create a store.",
    discussion: examples(
      "cohort init", "cohort init --store data/store", "cohort init --length-unit words --dedupe store",
      "cohort init --length-unit tokens --tokenizer models/llama/tokenizer.json",
      "cohort init --embedding models/potion-base-8M --embed-text both",
      "cohort init --embedding openai --url http://localhost:8000 --model BAAI/bge-small-en-v1.5",
      text: """
        Vectors come from the model that is part of this program, as soon as something needs them; it is copied into the \
        store. With --embedding FOLDER another static model (Model2Vec) makes them; with openai, tei or ollama a server of \
        that interface, which is asked before anything is made ('cohort embed check' tries one); with npy you give them \
        while ingesting; with none there are none. More spaces: 'cohort space create'. Keys are never kept, only where to \
        find them.
        """))

  @Option(help: "What lengths count; fixed for the store's life.") var lengthUnit = LengthUnitArgument(.characters)

  @Option(help: ArgumentHelp("The numeric input field with the length; with --length-unit field.", valueName: "key"))
  var lengthField: String?

  @Option(
    help: ArgumentHelp("The tokenizer.json that counts; with --length-unit tokens.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var tokenizer: String?

  @Option(help: "Where equal samples count as duplicates; 'ingest --dedupe' can choose otherwise.")
  var dedupe = DedupeScopeArgument(.source)

  @Option(
    help: ArgumentHelp(
      "What makes vectors: builtin, a model's folder, openai, tei, ollama, npy or none.", valueName: "model"))
  var embedding: String?

  @Option(help: "Which text is embedded (prompt if nothing is said).") var embedText: EmbeddedTextArgument?

  @OptionGroup(title: "Embedding server") var server: ProviderArguments
  @OptionGroup(title: "Global options") var global: GlobalOptions

  /// The interface of the server that makes the vectors; nil where none does.
  private var provider: ProviderKind? { embedding.flatMap(ProviderKind.init(rawValue:)) }

  /// Whether the store makes its vectors.
  private var makesVectors: Bool { embedding != "none" && embedding != "npy" }

  func validate() throws {
    try server.check(for: provider, of: "--embedding openai, tei or ollama")
    if embedText != nil, !makesVectors { throw ValidationError("--embed-text goes with an --embedding that is made.") }
    if (lengthUnit.unit == .field) != (lengthField != nil) {
      throw ValidationError("--length-unit field and --length-field go together.")
    }
    if (lengthUnit.unit == .tokens) != (tokenizer != nil) {
      throw ValidationError("--length-unit tokens and --tokenizer go together.")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    var action = InitAction(path: session.storePath)
    action.lengthUnit = lengthUnit.unit
    action.lengthField = lengthField
    action.tokenizer = tokenizer
    action.dedupe = dedupe.scope
    action.text = embedText?.text
    action.embedding =
      switch embedding {
      case nil: .whenNeeded
      case "builtin": .bundled
      case "npy": .given
      case "none": .none
      case let folder?: try provider.map { .server(try server.configuration($0)) } ?? .model(folder: folder)
      }
    return try session.print(action.run(session.jobControl()))
  }
}
