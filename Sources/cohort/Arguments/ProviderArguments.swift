import ArgumentParser
import CohortProviders

/// The interface of an embedding server: `openai`, `tei` or `ollama`.
struct ProviderKindArgument: ExpressibleByArgument, Sendable {
  let kind: ProviderKind

  init(kind: ProviderKind) { self.kind = kind }

  init?(argument: String) {
    guard let kind = ProviderKind(rawValue: argument) else { return nil }
    self.kind = kind
  }

  static var allValueStrings: [String] { ProviderKind.allCases.map(\.rawValue) }
  var defaultValueDescription: String { kind.rawValue }
}

/// An embedding server, as options. The kind of its interface is the command's own option.
struct ProviderArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The server, for example http://localhost:8000.", valueName: "address")) var url: String?
  @Option(help: ArgumentHelp("The model, as the server calls it.", valueName: "name")) var model: String?
  @Option(help: ArgumentHelp("Ask for shorter vectors, if the model can make them.", valueName: "n"))
  var dimensions: String?
  @Option(help: ArgumentHelp("Text put before each text, if the model wants one.", valueName: "text"))
  var prefix: String?
  @Option(
    help: ArgumentHelp("Cut texts to this many bytes, for servers that refuse long ones.", valueName: "bytes"))
  var textLimit: String?
  @Option(help: ArgumentHelp("The environment variable that holds the server's key.", valueName: "name"))
  var apiKeyEnv: String?
  @Option(
    help: ArgumentHelp("A file that holds the server's key, readable by you alone.", valueName: "path"),
    completion: .file())
  var apiKeyFile: String?
  @Option(
    help: ArgumentHelp("Trust the certificates in this PEM file, not the system's.", valueName: "path"),
    completion: .file())
  var caFile: String?
  @Flag(help: "Let the key go over a network without TLS.") var allowPlainHttp = false
  @Option(help: ArgumentHelp("Seconds that one try may take (60).", valueName: "seconds")) var timeout: String?
  @Option(help: ArgumentHelp("Seconds to go on trying (300).", valueName: "seconds")) var patience: String?
  @Option(help: ArgumentHelp("Most texts of a request (64).", valueName: "n")) var batchTexts: String?
  @Option(help: ArgumentHelp("Most tokens of a request, estimated (32768).", valueName: "n")) var batchTokens: String?
  @Option(help: ArgumentHelp("Requests under way at the same time (4).", valueName: "n")) var concurrency: String?
  @Option(help: ArgumentHelp("How OpenAI's interface writes vectors: auto, base64 or float.", valueName: "format"))
  var vectorFormat: String?
  @Option(help: ArgumentHelp("Least cosine at which a model is the same as before (0.999).", valueName: "x"))
  var tolerance: String?

  /// The options that were given, by the names of `ProviderConfiguration.fields`.
  var fields: [(name: String, value: String)] {
    let given: [(String, String?)] = [
      ("url", url), ("model", model), ("dimensions", dimensions), ("prefix", prefix), ("text-limit", textLimit),
      ("api-key-env", apiKeyEnv), ("api-key-file", apiKeyFile), ("ca-file", caFile),
      ("allow-plain-http", allowPlainHttp ? "true" : nil), ("timeout", timeout), ("patience", patience),
      ("batch-texts", batchTexts), ("batch-tokens", batchTokens), ("concurrency", concurrency),
      ("vector-format", vectorFormat), ("tolerance", tolerance),
    ]
    return given.compactMap { name, value in value.map { (name: name, value: $0) } }
  }

  /// Checks what goes together.
  /// - Parameters:
  ///   - kind: nil where no server is asked for.
  ///   - option: the command's own option that chooses the interface, with its values.
  ///   - free: names of fields that mean something without a server, too.
  func check(for kind: ProviderKind?, of option: String, exceptFor free: Set<String> = []) throws {
    if kind != nil, url == nil { throw ValidationError("--url is needed: the address of the server.") }
    if kind == nil, let other = fields.first(where: { !free.contains($0.name) }) {
      throw ValidationError("--\(other.name) goes with \(option).")
    }
  }

  /// - Parameter standard: values for options that were not given.
  /// - Throws: `embedding.configuration`, with the option and what it takes.
  func configuration(
    _ kind: ProviderKind, standard: [(name: String, value: String)] = []
  ) throws -> ProviderConfiguration {
    let names = Set(fields.map(\.name))
    return try ProviderConfiguration(
      fields: [(name: "provider", value: kind.rawValue)] + fields + standard.filter { !names.contains($0.name) })
  }
}
