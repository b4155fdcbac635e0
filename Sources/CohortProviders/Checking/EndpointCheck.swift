internal import CohortCore
internal import CohortEmbedding

/// Finds out what a server of embeddings does, in a few dozen requests.
public enum EndpointCheck {
  /// Tries the server with texts of its own; the requests count against its quota.
  /// - Parameters:
  ///   - mostTexts: the largest batch to try.
  ///   - note: told what is being tried next.
  /// - Throws: what `ServerEncoder.init` throws, and the same for failures later on.
  public static func run(
    _ configuration: ProviderConfiguration, key: APIKey?, mostTexts: Int = 256,
    options: ServerOptions = ServerOptions(), note: (String) -> Void = { _ in }
  ) throws -> EndpointReport {
    note("connecting")
    let encoder = try ServerEncoder(connecting: configuration, key: key, options: options)
    let session = encoder.session
    let texts = (0..<max(mostTexts, 1)).map {
      encoder.preparation.prepare("Sentence \($0) of a list, about \($0 * 7 % 13).")
    }

    note("asking for texts alone and together")
    let few = texts.prefix(min(5, encoder.batching.texts))
    let alone = try few.map { text -> (vector: [Float], seconds: Double) in
      let start = options.clock.now()
      return (try session.vectors([text])[0], options.clock.now() - start)
    }
    let again = try session.vectors([texts[0]])[0]
    let together = try session.vectors(Array(few))
    let cosines = zip(alone, together).map { EncoderProbe.cosine($0.vector, $1) }
    let norms = (alone.map(\.vector) + encoder.probe.vectors).map { vector in
      vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    note("looking for the largest batch")
    var (size, rate, refusal) = (together.count, 0.0, String?.none)
    var most = together
    var next = 8
    while next / 2 < texts.count, refusal == nil {
      let batch = Array(texts.prefix(next))
      let start = options.clock.now()
      switch try encoder.trial(batch) {
      case .vectors(let vectors):
        (size, most) = (batch.count, vectors)
        rate = Double(size) / max(options.clock.now() - start, 1e-9)
      case .rejected(let reason, _): refusal = reason
      }
      next *= 2
    }

    // A server can treat a few texts and many in different ways.
    let places = Set([0, size / 2, size - 1])
    let singles = try places.sorted().map { place in
      (place: place, vector: place == 0 ? alone[0].vector : try session.vectors([texts[place]])[0])
    }

    note("sending long texts")
    let cut = try cutLength(encoder)
    var longTextRefusal: String?
    let long = encoder.preparation.prepare(String(repeating: "word ", count: 20_000))
    if case .rejected(let reason, _) = try encoder.trial([long]) { longTextRefusal = reason }

    note("leaving out the key")
    let needsKey = try key.map { _ in try Self.refusesStrangers(configuration, options) }
    return EndpointReport(
      address: session.dialect.request(for: [], format: .automatic).url, identity: encoder.identity,
      information: encoder.information, needsKey: needsKey,
      isNormalised: norms.allSatisfy { abs($0 - 1) < 1e-3 },
      keepsOrder: zip(alone, together).allSatisfy { isNearest($1, to: $0.vector, among: together) }
        && singles.allSatisfy { isNearest(most[$0.place], to: $0.vector, among: most) },
      writesBase64: configuration.kind == .openai ? try session.writesBase64(texts[0]) : nil,
      isDeterministic: again == alone[0].vector,
      leastCosine: (cosines + [EncoderProbe.cosine(again, alone[0].vector)]
        + singles.map { EncoderProbe.cosine($0.vector, most[$0.place]) }).min() ?? 0,
      largestBatch: size, batchRefusal: refusal, longTextRefusal: longTextRefusal, cutsTextsOfWords: cut,
      isAskedToCut: configuration.kind != .openai, greatestCosine: greatestCosine(among: encoder.probe.vectors),
      latency: alone.map(\.seconds).sorted()[alone.count / 2], textsPerSecond: rate)
  }

  /// Whether no other vector of a request is nearer to what a text has alone. Rounding may make a tie a little worse.
  private static func isNearest(_ vector: [Float], to single: [Float], among all: [[Float]]) -> Bool {
    let own = EncoderProbe.cosine(single, vector)
    return all.allSatisfy { EncoderProbe.cosine(single, $0) <= own + 1e-5 }
  }

  private static func greatestCosine(among vectors: [[Float]]) -> Double {
    var greatest = -1.0
    for (index, vector) in vectors.enumerated() {
      for other in vectors[..<index] { greatest = max(greatest, EncoderProbe.cosine(vector, other)) }
    }
    return greatest
  }

  /// Words of the shortest text of some lengths whose second half makes no difference.
  private static func cutLength(_ encoder: ServerEncoder) throws -> Int? {
    for words in [300, 1000, 3000, 10_000, 20_000] {
      let pair = ["apple", "seventeen"].map { end in
        encoder.preparation.prepare(
          String(repeating: "word ", count: words / 2) + String(repeating: "\(end) ", count: words / 2))
      }
      // Cut before it was sent, as the settings say.
      guard pair[0] != pair[1] else { return nil }
      var vectors: [[Float]] = []
      for text in pair {
        guard case .vectors(let some) = try encoder.trial([text]) else { return nil }
        vectors += some
      }
      if vectors.count == 2, EncoderProbe.cosine(vectors[0], vectors[1]) > 0.99999 { return words }
    }
    return nil
  }

  private static func refusesStrangers(_ configuration: ProviderConfiguration, _ options: ServerOptions) throws -> Bool
  {
    do {
      _ = try ServerEncoder(connecting: configuration, key: nil, options: options)
      return false
    } catch let error as CohortError where error.code == .embeddingUnauthorized {
      return true
    }
  }
}

extension ServerEncoder {
  /// Whether the server takes these texts, when it works on another.
  func trial(_ texts: [String]) throws(CohortError) -> ServerSession.Outcome {
    try session.persist(patience: session.configuration.patience, suspicion: 2, control: control) {
      () throws(Setback) in
      try session.attempt(texts)
    }
  }
}

extension ServerSession {
  /// The vectors of texts that no server refuses.
  func vectors(_ texts: [String]) throws(CohortError) -> [[Float]] {
    let outcome = try persist(patience: configuration.patience, suspicion: nil, control: {}) { () throws(Setback) in
      try attempt(texts)
    }
    switch outcome {
    case .vectors(let vectors): return vectors
    case .rejected(let reason, _): throw rejection(reason)
    }
  }

  /// Whether the answer has base64 when it is asked for.
  func writesBase64(_ text: String) throws(CohortError) -> Bool {
    let request = dialect.request(for: [text], format: .base64)
    do {
      let body = try answer(request.url, body: request.body, limit: 16 << 20).body
      return (try? AnswerText.decode(WrittenVectors.self, body))?.areBase64 ?? false
    } catch {
      if case .fatal(let error) = error { throw error }
      return false
    }
  }
}

/// How the vectors of an OpenAI answer are written.
private struct WrittenVectors: Decodable {
  struct Item: Decodable {
    var isBase64: Bool

    enum CodingKeys: CodingKey {
      case embedding
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      isBase64 = (try? container.decode(String.self, forKey: .embedding)) != nil
    }
  }

  var data: [Item]
  var areBase64: Bool { data.allSatisfy(\.isBase64) }
}
