internal import CohortEmbedding
internal import CohortCore

/// Which interface a server of embeddings speaks.
public enum ProviderKind: String, CaseIterable, Sendable {
  /// `POST /v1/embeddings`: OpenAI, vLLM, llama.cpp and most others.
  case openai
  /// `POST /embed` of Hugging Face's Text Embeddings Inference.
  case tei
  /// `POST /api/embed` of Ollama.
  case ollama
}

/// Where the key of a server is kept. The key itself is never part of a configuration.
public enum KeySource: Hashable, Sendable {
  /// The server asks for no key.
  case none
  /// The name of an environment variable.
  case environment(String)
  /// A file that only its owner may read.
  case file(String)
}

/// How an OpenAI-compatible server is asked to write vectors. It does not change them.
public enum VectorFormat: String, CaseIterable, Sendable {
  /// Base64 if the server knows it, else numbers.
  case automatic = "auto"
  /// Always base64 of little-endian single floats.
  case base64
  /// Always JSON numbers, for servers that know nothing else.
  case float
}

/// A server that makes embeddings, and how to talk to it. A plain value that may be stored: no secret is in it.
///
/// `kind`, `model`, `dimensions`, `prefix` and `textLimit` decide which vectors come out, and are part of the encoder's
/// identity. Everything else may change at any time.
public struct ProviderConfiguration: Hashable, Sendable {
  /// The interface that the server speaks.
  public var kind: ProviderKind
  /// `http` or `https`. Without a path the usual one of the interface is added: `http://localhost:8000` is asked at
  /// `/v1/embeddings`, `https://host/v2` at `/v2/embeddings`.
  public var url: String
  /// Empty only for TEI, which serves one model.
  public var model: String
  /// Values of a vector, for models that can shorten theirs. Nil: as many as the model has.
  public var dimensions: Int?
  /// Put before each text: some models want to be told the task, for example `clustering: `.
  public var prefix = ""
  /// Texts are cut to as many UTF-8 bytes, at a character. For servers that refuse what is too long for the model
  /// instead of cutting it.
  public var textLimit: Int?
  /// Where the key is kept; the key itself is no part of this value.
  public var key = KeySource.none
  /// A PEM file with the certificates to trust, in place of the system's.
  public var certificates: String?
  /// Whether a key may be sent without TLS to another machine.
  public var allowsPlainKey = false
  /// Seconds that one try of a request may take.
  public var timeout = 60.0
  /// Seconds that one request may take with all its tries and pauses.
  public var patience = 300.0
  /// Most texts of a request: 1 to 4,096.
  public var texts = 64
  /// Most tokens of a request, unless one text alone has more. Estimated from bytes.
  public var tokens = 32_768
  /// Requests under way at the same time.
  public var concurrency = 4
  /// How an OpenAI-compatible server writes vectors; others ignore it.
  public var format = VectorFormat.automatic
  /// Least cosine between two embeddings of one text. What is below is another model.
  public var tolerance = 0.999

  public init(kind: ProviderKind, url: String, model: String = "") {
    self.kind = kind
    self.url = url
    self.model = model
  }

  /// Looks at every setting, without network and without reading the key.
  /// - Throws: `embedding.configuration`, with the setting and what it may be.
  public func validate() throws {
    _ = try ServerAddress(url)
    func check(_ condition: Bool, _ setting: String, _ expected: String) throws {
      guard condition else { throw Self.refusal(setting, expected) }
    }
    try check(kind == .tei || !model.isEmpty, "model", "a name; only TEI servers have just one")
    try check(dimensions.map { (1...65_536).contains($0) } ?? true, "dimensions", "1 to 65536")
    try check(textLimit.map { $0 >= 4 } ?? true, "text-limit", "4 bytes or more")
    try check(timeout > 0 && timeout <= 86_400, "timeout", "above 0 and at most a day of seconds")
    try check(patience >= 0 && patience <= 604_800, "patience", "0 to a week of seconds")
    try check((1...4096).contains(texts), "batch-texts", "1 to 4096")
    try check((1...(1 << 24)).contains(tokens), "batch-tokens", "1 to 16777216")
    try check((1...256).contains(concurrency), "concurrency", "1 to 256")
    try check(tolerance > 0 && tolerance <= 1, "tolerance", "above 0 and at most 1")
    switch key {
    case .none: break
    case .environment(let name): try check(!name.isEmpty, "api-key-env", "the name of an environment variable")
    case .file(let path): try check(!path.isEmpty, "api-key-file", "a path")
    }
  }

  static func refusal(_ setting: String, _ expected: String) -> CohortError {
    CohortError(.embeddingConfiguration, "The provider's '\(setting)' is not valid", hint: "Expected: \(expected)")
  }
}
