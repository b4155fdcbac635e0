internal import CohortEmbedding
internal import CohortCore

/// Why one try of a request gave no vectors, and so what to do next.
enum Setback: Error {
  /// Too much to do, or not there: the same request will do later, and its texts are not to blame.
  case away(String, code: ErrorCode, retryAfter: Double?)
  /// The server failed, or its answer was no answer. It may be chance, and it may be the texts.
  case disturbed(String, retryAfter: Double?)
  /// The server said that all went well, and what came is no answer. Tried again like a failure, because something between may
  /// have cut it short; but whoever gets nothing else need not come again.
  case wrong(String)
  /// The server does not want this request: a text, or the number of texts, is to blame.
  case rejected(String)
  /// Vectors came, but of another model.
  case changed(String)
  /// No other request will fare better.
  case fatal(CohortError)

  init(_ failure: TransportFailure, place: String) {
    switch failure {
    case .unreachable(let cause): self = .away(cause, code: .embeddingServerUnreachable, retryAfter: nil)
    case .broken(let cause): self = .disturbed(cause, retryAfter: nil)
    case .timeout: self = .disturbed("no answer in time", retryAfter: nil)
    case .tooLong: self = .rejected("the answer is longer than it may be")
    case .interrupted: self = .fatal(.interrupted)
    case .untrusted(let cause):
      self = .fatal(
        CohortError(
          .embeddingServerUntrusted, "No trusted connection to the embedding server", place: place, cause: cause,
          hint: "Check the address; --ca-file names the certificates to trust"))
    }
  }

  /// - Parameters:
  ///   - words: what the server said, fit to be shown.
  ///   - date: seconds since 1970.
  /// - Returns: nil for an answer that may hold vectors.
  init?(_ answer: ServerAnswer, words: String, place: String, date: Double) {
    let reason = "HTTP \(answer.status)" + (words.isEmpty ? "" : ", \(words)")
    let retryAfter = answer.retryAfter.flatMap { RetryDelay.seconds($0, date: date) }
    func fatal(_ code: ErrorCode, _ message: String, hint: String) -> Setback {
      .fatal(
        CohortError(code, message, place: place, cause: reason, hint: hint))
    }
    switch answer.status {
    case 200: return nil
    case 429 where words.contains("insufficient_quota"), 402:
      self = fatal(
        .embeddingNoCredit, "The embedding server wants to be paid first", hint: "Look at the account of the key")
    case 429, 503: self = .away(reason, code: .embeddingServerBusy, retryAfter: retryAfter)
    case 401, 403:
      self = fatal(
        .embeddingUnauthorized, "The embedding server does not accept the key",
        hint: "Give the key with --api-key-env NAME or --api-key-file PATH")
    case 404, 405, 410:
      self = fatal(
        .embeddingNotServed, "The embedding server does not have this model or this address",
        hint: "Check --provider, --url and --model")
    case 300..<400:
      // Followed, it could carry the key to another host.
      self = fatal(
        .embeddingRedirected, "The embedding server sends requests to another address, which is not followed",
        hint: answer.location.map { "If you trust it, use the address it names: \($0)" }
          ?? "Check --url")
    case 408, 424, 425, 500...: self = .disturbed(reason, retryAfter: retryAfter)
    case 400..<500: self = .rejected(reason)
    default: self = .disturbed(reason, retryAfter: retryAfter)
    }
  }
}

extension CohortError {
  static let interrupted = CohortError(.embeddingInterrupted, "Interrupted while waiting for the embedding server")
}
