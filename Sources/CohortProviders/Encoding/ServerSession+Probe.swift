internal import CohortEmbedding
internal import CohortCore

extension ServerSession {
  /// Embeds the probe's texts, and finds out whether the server knows base64.
  /// - Parameter texts: most texts of a request.
  func probe(_ preparation: TextPreparation, texts: Int) throws(CohortError) -> EncoderProbe {
    let prepared = EncoderProbe.texts.map(preparation.prepare)
    var tries = 1
    while true {
      var vectors: [[Float]] = []
      while vectors.count < prepared.count {
        vectors += try embed(Array(prepared[vectors.count...].prefix(max(texts, 1))))
      }
      guard let reason = unusable(vectors) else { return EncoderProbe(vectors: vectors) }
      guard tries < 5 else {
        throw CohortError(
          .embeddingUnusableVectors, "The embedding server gives vectors that cannot be used", place: configuration.url,
          cause: reason)
      }
      tries += 1
    }
  }

  /// What is wrong with the vectors of known texts; nil for nothing.
  private func unusable(_ vectors: [[Float]]) -> String? {
    let dimension = configuration.dimensions ?? vectors.first?.count ?? 0
    return vectors.lazy.compactMap { VectorFault($0, dimension: dimension) }.first.map {
      "for a known text, \($0.reason)"
    }
  }

  private func embed(_ texts: [String]) throws(CohortError) -> [[Float]] {
    // Whoever starts the work is there and wants to know soon.
    let outcome = try persist(
      patience: min(configuration.patience, 30), suspicion: nil, control: {}
    ) { () throws(Setback) in try attempt(texts) }
    switch outcome {
    case .vectors(let vectors): return vectors
    case .rejected(let reason, _):
      if configuration.kind == .openai, format == .automatic {
        format = .float
        return try embed(texts)
      }
      throw rejection(reason)
    }
  }

  /// The server does not want what every server of its kind should want.
  func rejection(_ reason: String) -> CohortError {
    CohortError(
      .embeddingServerRejects, "The embedding server rejects a simple request", place: configuration.url, cause: reason,
      hint: "Check --provider, --model and --dimensions; --batch-texts 1 if it takes one text at a time")
  }
}

extension EncoderProbe {
  /// Values of a vector.
  var dimension: Int { vectors.first?.count ?? 0 }
}
