public import CohortEmbedding

/// What was found out about a server of embeddings.
public struct EndpointReport: Sendable {
  /// Where the requests went.
  public var address: String
  /// What a space of this server would be made with: provider, model, fingerprint and dimension.
  public var identity: EncoderIdentity
  /// What the server itself told about its model.
  public var information: ServerInformation
  /// Whether the key was asked for: without it the server refuses. Nil when there is no key to leave out.
  public var needsKey: Bool?
  /// Whether all vectors have length 1, to three digits.
  public var isNormalised: Bool
  /// Whether the vectors of a batch are those of its texts in order.
  public var keepsOrder: Bool
  /// Whether an OpenAI-compatible server writes base64 when asked; nil for the other interfaces.
  public var writesBase64: Bool?
  /// Whether the same request gives the same bits.
  public var isDeterministic: Bool
  /// Least cosine between the vectors of a text alone and among others: 1 less the noise of the server.
  public var leastCosine: Double
  /// Texts of the largest batch that was taken.
  public var largestBatch: Int
  /// Why a larger one was not; nil when none was tried.
  public var batchRefusal: String?
  /// Why a text of 100,000 bytes was refused; nil when it was taken, cut or not.
  public var longTextRefusal: String?
  /// Seconds for one short text, the median of five.
  public var latency: Double
  /// Short texts a second in the largest batch, one request at a time.
  public var textsPerSecond: Double
}
