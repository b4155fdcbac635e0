/// `POST /embed` of Text Embeddings Inference.
struct TEIDialect: Dialect {
  let address: ServerAddress
  let dimensions: Int?

  private struct Question: Encodable {
    var inputs: [String]
    var truncate = true
    var dimensions: Int?
  }

  private struct Information: Decodable {
    var model: String?
    var revision: String?
    var texts: Int?
    var textTokens: Int?

    enum CodingKeys: String, CodingKey {
      case model = "model_id"
      case revision = "model_sha"
      case texts = "max_client_batch_size"
      case textTokens = "max_input_length"
    }
  }

  func request(for texts: [String], format: VectorFormat) -> ServerRequest {
    ServerRequest(
      url: address.appending("/embed"), body: AnswerText.encode(Question(inputs: texts, dimensions: dimensions)))
  }

  func vectors(in body: [UInt8], count: Int) throws -> [[Float]] {
    let vectors = try AnswerText.decode([VectorText].self, body)
    guard vectors.count == count else { throw AnswerError("\(vectors.count) vectors for \(count) texts") }
    return vectors.map(\.values)
  }

  var informationURL: String? { address.appending("/info", insteadOf: "/embed") }

  func information(in body: [UInt8]) -> ServerInformation {
    var known = ServerInformation()
    guard let told = try? AnswerText.decode(Information.self, body) else { return known }
    known.model = told.model
    known.revision = told.revision
    known.texts = told.texts.flatMap { $0 > 0 ? $0 : nil }
    known.textTokens = told.textTokens
    return known
  }
}
