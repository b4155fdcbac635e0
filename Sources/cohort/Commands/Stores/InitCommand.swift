import ArgumentParser
import CohortCore
import CohortEmbedding
import CohortPipeline
import CohortProviders
import CohortStore

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

  /// - Throws: `cli.unknown-encoder` where there is no such folder, else what reading its model throws.
  private func check(_ folder: String) throws {
    do throws(CohortError) {
      _ = try StaticEncoder(folder: folder)
    } catch {
      guard error.code == .embeddingNoModelFolder else { throw error }
      let known = ["builtin", "npy", "none"] + ProviderKind.allCases.map(\.rawValue)
      throw CohortError(
        .cliUnknownEncoder, "'\(folder)' is neither an encoder that Cohort knows nor a folder",
        hint: Suggestion.closest(to: folder, among: known).map { "Did you mean '\($0)'?" }
          ?? "Encoders are \(known.joined(separator: ", ")); or give the folder of a static model")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    let folder = embedding.flatMap { provider != nil || ["builtin", "none", "npy"].contains($0) ? nil : $0 }
    // Looked at before anything is made.
    if let folder { try check(folder) }
    let served = try provider.map { try server.ask($0, session) }
    let counter = try tokenizer.map { try LengthTokenizer(contentsOf: $0) }
    let configuration = StoreConfiguration(
      lengthUnit: lengthUnit.unit, lengthField: lengthField, dedupe: dedupe.scope, makesVectors: makesVectors,
      tokenizer: counter?.digest)
    let text = embedText?.text ?? .prompt
    // Killed at any time, there is a store with the server's space, or none.
    let store = try Store.create(
      at: session.storePath, configuration: configuration, owner: "cohort init",
      begin: { if let served { _ = try served.createSpace(text: text, in: $0) } })
    try counter?.save(in: store)
    // Where nothing is said, the first need makes the space: vectors may be given before.
    if makesVectors, served == nil, embedding != nil || embedText != nil {
      let model = try folder.map { try ModelLibrary(store).add(folder: $0).name }
      _ = try SpaceJob.create(store, model: model, text: text)
    }
    try session.output.record([
      "store": .text(store.path), "id": .digest(store.id), "length_unit": .text(lengthUnit.unit.name),
      "length_field": .optional(lengthField), "tokenizer": counter.map { .digest($0.digest) } ?? .null,
      "dedupe": .text(dedupe.scope.name),
      "embedding": .text(embedding ?? "builtin"), "embed_text": .text(text.name),
    ])
    return .done
  }
}
