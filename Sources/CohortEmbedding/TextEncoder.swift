/// What makes vectors of texts: the built-in static encoder, or a server.
///
/// Calls block and may come from several threads at once. The same text gives the same vector whatever it is batched
/// with, so a job may cut its work as it likes.
public protocol TextEncoder: Sendable {
  /// Who makes the vectors, and with which model. Two encoders with equal identities give interchangeable vectors.
  var identity: EncoderIdentity { get }

  /// How the caller should cut its work.
  var batching: EncoderBatching { get }

  /// Encodes texts.
  /// - Returns: one outcome a text, in the order of `texts`.
  /// - Throws: `CohortError` when nothing can be said of any of them now (a server that is gone, a damaged model). A
  ///   failure of single texts is an outcome, not an error.
  func encode(_ texts: [String]) throws -> [EncodedText]
}

/// What became of one text.
public enum EncodedText: Hashable, Sendable {
  /// Finite, not all zero, of the encoder's dimension.
  case vector([Float])
  /// The text has no vector (no known token): it is recorded as such and never clustered.
  case none
  /// The encoder refuses this text for good, with the reason; the sample is quarantined.
  case refused(String)
}

/// Which encoder made a vector: part of an embedding space, because vectors of two encoders never mix.
public struct EncoderIdentity: Hashable, Sendable {
  /// `builtin`, `openai`, `tei` or `ollama`.
  public var provider: String
  /// Name of the model, for people.
  public var model: String
  /// What exactly made the vectors: a hash of the model's files, or the endpoint's model name and revision.
  public var fingerprint: String
  /// Values of a vector.
  public var dimension: Int

  public init(provider: String, model: String, fingerprint: String, dimension: Int) {
    self.provider = provider
    self.model = model
    self.fingerprint = fingerprint
    self.dimension = dimension
  }
}

/// How much an encoder takes at once.
public struct EncoderBatching: Hashable, Sendable {
  /// Most texts of a call.
  public var texts: Int
  /// Most UTF-8 bytes of a call, unless one text alone has more.
  public var bytes: Int
  /// Calls that should be under way at the same time.
  public var concurrency: Int

  public init(texts: Int, bytes: Int, concurrency: Int) {
    self.texts = texts
    self.bytes = bytes
    self.concurrency = concurrency
  }
}
