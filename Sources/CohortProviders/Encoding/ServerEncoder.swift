internal import CohortCore
public import CohortEmbedding

/// An encoder whose vectors come from a server over HTTP.
///
/// Calls block their thread and may come from several threads at once; at most `configuration.concurrency` requests are
/// under way, and when the server asks for a pause, all of them pause. Every answer is checked: the number of vectors,
/// their order where the interface tells it, their dimension, that they are finite and not all zero. With each request
/// goes one text whose vector is known, so an answer of another model behind the same name is noticed and never kept.
///
/// A text is refused only if the server fails on it alone, repeatedly, and was seen to work on another text meanwhile. Any
/// other failure is tried again, and after `configuration.patience` seconds an error that says nothing about the texts.
public final class ServerEncoder: TextEncoder {
  public let identity: EncoderIdentity
  public let batching: EncoderBatching
  /// What the model makes of fixed texts. To be kept with the space, and handed to the next `init`.
  public let probe: EncoderProbe
  /// What the server told about its model.
  public let information: ServerInformation
  let session: ServerSession
  let preparation: TextPreparation
  private let limits: RequestLimits

  /// Connects: asks what is served and embeds the probe's texts.
  /// - Parameters:
  ///   - key: as `APIKey.read` gave it.
  ///   - known: the probe of the space that the vectors are for; nil for a new space.
  /// - Throws: `embedding.configuration`, `embedding.key-in-clear`; `embedding.server-unreachable`,
  ///   `embedding.unauthorized` and what else the server's answers mean; `embedding.model-changed` when
  ///   the probe's vectors are others than known.
  public init(
    connecting configuration: ProviderConfiguration, key: APIKey?, expecting known: EncoderProbe? = nil,
    options: ServerOptions = ServerOptions()
  ) throws {
    session = try ServerSession(configuration, key: key, options: options)
    preparation = TextPreparation(prefix: configuration.prefix, limit: configuration.textLimit)
    information = try session.information()
    limits = RequestLimits(
      texts: min(configuration.texts, information.texts ?? .max), tokens: configuration.tokens,
      countTokens: options.countTokens)
    probe = try session.probe(preparation, texts: limits.texts)
    session.dimension = probe.dimension
    if let known {
      let cosine = probe.leastCosine(to: known)
      guard cosine >= configuration.tolerance else {
        let was = known.vectors.first?.count ?? 0
        let reason =
          was == probe.dimension
          ? "known texts come out with cosine \(Float(cosine)), and \(configuration.tolerance) is asked"
          : "vectors have \(probe.dimension) values, not \(was)"
        throw ServerSession.modelChanged(reason, place: configuration.url)
      }
    }
    identity = EncoderIdentity(
      provider: configuration.kind.rawValue, model: information.model ?? configuration.model,
      fingerprint: configuration.fingerprint(information), dimension: probe.dimension)
    batching = EncoderBatching(
      texts: limits.textsBesideWitness, bytes: configuration.tokens * RequestLimits.bytesPerToken,
      concurrency: configuration.concurrency)
  }

  /// Requests sent so far, with those of connecting.
  public var requests: UInt64 { session.requests }

  public func encode(_ texts: [String]) throws -> [EncodedText] {
    let prepared = texts.map(preparation.prepare)
    var outcomes = texts.map { _ in EncodedText?.none }
    var doubts = [Int](repeating: 0, count: texts.count)
    // An empty text has no embedding; many servers refuse the whole request for it.
    for index in texts.indices where texts[index].isEmpty { outcomes[index] = EncodedText.none }
    var work = limits.requests(prepared, indices: texts.indices.filter { !texts[$0].isEmpty })
    work.reverse()
    while let batch = work.popLast() {
      switch try ask(batch.map { prepared[$0] }) {
      case .vectors(let vectors):
        for (index, vector) in zip(batch, vectors) {
          switch VectorFault(vector, dimension: identity.dimension) {
          case nil: outcomes[index] = .vector(vector)
          case let fault?:
            doubts[index] += 1
            // Seen alone as well, and again: it is not chance.
            if doubts[index] < 3 {
              work.append([index])
            } else {
              if !limits.hasWitness { try confirm(fault.reason) }
              outcomes[index] = fault == .zero ? EncodedText.none : .refused(fault.reason)
            }
          }
        }
      case .rejected(let reason, let isProven):
        if batch.count == 1 {
          if !isProven { try confirm(reason) }
          outcomes[batch[0]] = .refused("The embedding server refuses this text: \(reason)")
        } else {
          work.append(Array(batch[(batch.count / 2)...]))
          work.append(Array(batch[..<(batch.count / 2)]))
        }
      }
    }
    return outcomes.map { $0 ?? .refused("The embedding server gave no answer for this text") }
  }

  private func ask(_ texts: [String]) throws(CohortError) -> ServerSession.Outcome {
    try session.persist(
      patience: session.configuration.patience, suspicion: texts.count == 1 ? 6 : 3, control: control
    ) { () throws(Setback) in try attempt(texts) }
  }

  /// One try, with the witness at the end.
  private func attempt(_ texts: [String]) throws(Setback) -> [[Float]] {
    guard limits.hasWitness else { return try session.attempt(texts) }
    var vectors = try session.attempt(texts + [preparation.prepare(EncoderProbe.texts[0])])
    guard let witness = vectors.popLast() else { throw .wrong("there is no vector") }
    try check(witness)
    return vectors
  }

  /// One try of the witness alone.
  func control() throws(Setback) {
    for vector in try session.attempt([preparation.prepare(EncoderProbe.texts[0])]) { try check(vector) }
  }

  private func check(_ witness: [Float]) throws(Setback) {
    guard let expected = probe.vectors.first else { return }
    if witness.count != expected.count {
      throw .changed("vectors have \(witness.count) values, not \(expected.count)")
    }
    if let fault = VectorFault(witness, dimension: expected.count) {
      throw .wrong("for a known text, \(fault.reason)")
    }
    let cosine = EncoderProbe.cosine(witness, expected)
    guard cosine >= session.configuration.tolerance else {
      throw .changed(
        "a known text comes out with cosine \(Float(cosine)), and \(session.configuration.tolerance) is asked")
    }
  }

  /// Makes sure that the server works before a text is refused: a server that rejects everything says nothing about texts.
  private func confirm(_ reason: String) throws(CohortError) {
    let outcome = try session.persist(
      patience: session.configuration.patience, suspicion: nil, control: {}
    ) { () throws(Setback) in
      try control()
      return []
    }
    if case .rejected(let cause, _) = outcome {
      throw CohortError(
        .embeddingServerRejects, "The embedding server rejects every request", place: session.configuration.url,
        cause: cause, hint: "'cohort embed check' shows what it accepts")
    }
  }
}

extension ProviderConfiguration {
  /// What decides about the vectors, as text: the model, its revision if the server tells it, and what is done to texts.
  func fingerprint(_ information: ServerInformation) -> String {
    var text = information.model ?? model
    if let revision = information.revision { text += "@" + revision }
    if let dimensions { text += ";dimensions=\(dimensions)" }
    if let textLimit { text += ";text-limit=\(textLimit)" }
    if !prefix.isEmpty { text += ";prefix=\(prefix)" }
    return text
  }
}
