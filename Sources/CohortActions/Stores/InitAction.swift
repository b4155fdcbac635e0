public import CohortCore
internal import CohortEmbedding
public import CohortPipeline
public import CohortProviders
public import CohortStore

/// `init`: creates a store with all that it is asked for, or none.
public struct InitAction: Sendable {
  /// What makes the vectors.
  public enum Embedding: Sendable {
    /// The model that is part of the program, when something first needs it: vectors may be given before.
    case whenNeeded
    /// The model that is part of the program, copied into the store at once.
    case bundled
    /// A folder with a static model.
    case model(folder: String)
    /// A server of one of the known interfaces.
    case server(ProviderConfiguration)
    /// They come with the samples.
    case given
    /// No vectors are made, and none are expected.
    case none

    /// Whether the store makes its vectors.
    public var isMade: Bool {
      switch self {
      case .given, .none: false
      default: true
      }
    }
  }

  /// As people type it.
  public static let name = "init"
  /// The folder to make; it must not exist or be empty.
  public var path: String
  /// What the store's own length measure counts.
  public var lengthUnit = LengthUnit.characters
  /// The numeric input field with the length; with `.field`.
  public var lengthField: String?
  /// The file of the tokenizer that counts; with `.tokens`.
  public var tokenizer: String?
  /// Where two samples with the same content count as duplicates, unless an ingestion says otherwise.
  public var dedupe = DedupeScope.source
  /// What makes the vectors of the store's first space.
  public var embedding = Embedding.whenNeeded
  /// The part of each sample that the first space embeds; nil for the prompt.
  public var text: EmbeddedText?

  public init(path: String) { self.path = path }

  /// Makes the store. Killed at any time, or ended by a full disk, there is a store with all of it, or none, and then the
  /// same call makes it.
  /// - Throws: `store.exists`, `store.not-empty`; `cli.unknown-encoder`; what the model, the tokenizer or the server is
  ///   refused for, and then there is no store.
  public func run(_ control: JobControl) throws -> PlainReport {
    // Looked at before anything is made.
    if case .model(let folder) = embedding { try Self.check(folder) }
    var served: ServedModel?
    if case .server(let server) = embedding { served = try ServedModel(asking: server, control) }
    let counter = try tokenizer.map { try LengthTokenizer(contentsOf: $0) }
    let configuration = StoreConfiguration(
      lengthUnit: lengthUnit, lengthField: lengthField, dedupe: dedupe, makesVectors: embedding.isMade,
      tokenizer: counter?.digest)
    let store = try Store.create(
      at: path, configuration: configuration, owner: "cohort \(Self.name)",
      begin: { transaction in
        // In the transaction that makes the store: with it, all of this is there.
        try counter?.save(in: path)
        try createSpace(served, in: transaction)
      })
    return PlainReport([
      "store": .text(store.path), "id": .digest(store.id), "length_unit": .text(lengthUnit.name),
      "length_field": .optional(lengthField), "tokenizer": counter.map { .digest($0.digest) } ?? .null,
      "dedupe": .text(dedupe.name), "embedding": .text(embedding.text),
      "embed_text": .text((text ?? .prompt).name),
    ])
  }

  private func createSpace(_ served: ServedModel?, in transaction: borrowing WriteTransaction) throws {
    let library = ModelLibrary(ofNewStore: path)
    let model: ModelLibrary.Model
    switch embedding {
    case .server:
      _ = try served?.createSpace(text: text ?? .prompt, in: transaction)
      return
    case .given, .none: return
    case .whenNeeded where text == nil: return
    case .whenNeeded, .bundled: model = try library.addBundled()
    case .model(let folder): model = try library.add(folder: folder)
    }
    _ = try SpaceJob.create(model, text: text ?? .prompt, in: transaction)
  }

  /// - Throws: `cli.unknown-encoder` where there is no such folder, else what reading its model throws.
  private static func check(_ folder: String) throws {
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
}

extension InitAction.Embedding {
  /// As it was asked for.
  fileprivate var text: String {
    switch self {
    case .whenNeeded, .bundled: ModelAddAction.bundled
    case .model(let folder): folder
    case .server(let server): server.kind.rawValue
    case .given: "npy"
    case .none: "none"
    }
  }
}
