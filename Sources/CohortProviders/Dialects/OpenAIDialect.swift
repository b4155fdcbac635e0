/// `POST /v1/embeddings` as OpenAI defines it.
struct OpenAIDialect: Dialect {
  let url: String
  let model: String
  let dimensions: Int?

  private struct Question: Encodable {
    var model: String
    var input: [String]
    var format: String
    var dimensions: Int?

    enum CodingKeys: String, CodingKey {
      case model, input, dimensions
      case format = "encoding_format"
    }
  }

  private struct Answer: Decodable {
    struct Item: Decodable {
      var index: Int?
      var embedding: VectorText
    }
    var data: [Item]
  }

  func request(for texts: [String], format: VectorFormat) -> ServerRequest {
    ServerRequest(
      url: url,
      body: AnswerText.encode(
        Question(
          model: model, input: texts, format: format == .float ? "float" : "base64", dimensions: dimensions)))
  }

  func vectors(in body: [UInt8], count: Int) throws -> [[Float]] {
    let items = try AnswerText.decode(Answer.self, body).data
    guard items.count == count else { throw AnswerError("\(items.count) vectors for \(count) texts") }
    // Servers without any index answer in order; with some, each must be there once.
    if items.allSatisfy({ $0.index == nil }) { return items.map(\.embedding.values) }
    var vectors = [[Float]?](repeating: nil, count: count)
    for item in items {
      guard let index = item.index, vectors.indices.contains(index), vectors[index] == nil else {
        throw AnswerError("the vectors' indexes are not 0 to \(count - 1), each once")
      }
      vectors[index] = item.embedding.values
    }
    return vectors.compactMap(\.self)
  }

  var informationURL: String? { nil }
  func information(in body: [UInt8]) -> ServerInformation { ServerInformation() }
}
