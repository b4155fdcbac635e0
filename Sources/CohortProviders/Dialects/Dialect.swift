/// What is asked of a server: an address and a JSON text.
struct ServerRequest: Sendable {
  var url: String
  var body: [UInt8]
}

/// The interface of a kind of server: how a question is written and how its answer is read. Without state and without
/// network.
protocol Dialect: Sendable {
  /// - Parameter format: `automatic` counts as base64.
  func request(for texts: [String], format: VectorFormat) -> ServerRequest

  /// Reads the vectors of a successful answer, in the order of the question.
  /// - Parameter count: texts of the question.
  /// - Returns: one vector a text, with not-a-number where the server wrote no number.
  /// - Throws: `AnswerError`.
  func vectors(in body: [UInt8], count: Int) throws -> [[Float]]

  /// Where the server tells about its model, if it does.
  var informationURL: String? { get }

  /// Reads what the server told about its model. What cannot be read is as good as not told.
  func information(in body: [UInt8]) -> ServerInformation
}

/// What a server told about its model.
public struct ServerInformation: Hashable, Sendable {
  /// The model's name, as the server calls it.
  public var model: String?
  /// What exactly is served: a commit, or a hash of the weights.
  public var revision: String?
  /// Most texts of a request.
  public var texts: Int?
  /// Most tokens of a text.
  public var textTokens: Int?

  /// A server that tells nothing.
  public init() {}
}

/// A successful answer that is none.
struct AnswerError: Error {
  var reason: String

  init(_ reason: String) { self.reason = reason }
}

extension ProviderConfiguration {
  /// - Throws: `embedding.configuration` for an address that is none.
  func dialect() throws -> any Dialect {
    let address = try ServerAddress(url)
    return switch kind {
    case .openai:
      OpenAIDialect(url: address.appending("/embeddings", base: "/v1"), model: model, dimensions: dimensions)
    case .tei: TEIDialect(address: address, dimensions: dimensions)
    case .ollama: OllamaDialect(address: address, model: model, dimensions: dimensions)
    }
  }
}
