/// `POST /api/embed` of Ollama.
struct OllamaDialect: Dialect {
  let address: ServerAddress
  let model: String
  let dimensions: Int?

  private struct Question: Encodable {
    var model: String
    var input: [String]
    var truncate = true
    var dimensions: Int?
  }

  private struct Answer: Decodable {
    var embeddings: [VectorText]
  }

  private struct Models: Decodable {
    struct Entry: Decodable {
      var name: String
      var digest: String?
    }
    var models: [Entry]
  }

  func request(for texts: [String], format: VectorFormat) -> ServerRequest {
    ServerRequest(
      url: address.appending("/api/embed"),
      body: AnswerText.encode(Question(model: model, input: texts, dimensions: dimensions)))
  }

  func vectors(in body: [UInt8], count: Int) throws -> [[Float]] {
    let vectors = try AnswerText.decode(Answer.self, body).embeddings
    guard vectors.count == count else { throw AnswerError("\(vectors.count) vectors for \(count) texts") }
    return vectors.map(\.values)
  }

  var informationURL: String? { address.appending("/api/tags", insteadOf: "/api/embed") }

  /// The models that are there, each with a hash of its weights.
  func information(in body: [UInt8]) -> ServerInformation {
    var known = ServerInformation()
    guard let told = try? AnswerText.decode(Models.self, body) else { return known }
    let full = model.contains(":") ? model : model + ":latest"
    known.revision = told.models.first { $0.name == full }?.digest
    return known
  }
}
