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
  /// Words of the shortest text whose end made no difference to its vector, although the server took it: it had cut the text.
  /// Nil
  /// when all of a text counts, or one that is too long is refused.
  public var cutsTextsOfWords: Int?
  /// Whether the server was asked to cut texts that are too long (`tei` and `ollama` are).
  public var isAskedToCut: Bool
  /// Greatest cosine between vectors of texts that have nothing in common; 1 when all texts get the same vector.
  public var greatestCosine: Double
  /// Seconds for one short text, the median of five.
  public var latency: Double
  /// Short texts a second in the largest batch, one request at a time.
  public var textsPerSecond: Double

  /// Below, the vectors of a text alone and among others are not those of one model that rounds.
  static let sameText = 0.999
  /// Above, texts that have nothing in common are not told apart.
  static let sameVector = 0.9999

  /// Why vectors of this server would be wrong, in sentences; empty when it can be used.
  public var faults: [String] {
    var faults: [String] = []
    if greatestCosine > Self.sameVector {
      faults.append("texts that have nothing in common get the same vector (cosine \(Float(greatestCosine)))")
    } else if !keepsOrder {
      faults.append("the vectors of a request with several texts are not in the order of the texts")
    } else if leastCosine < Self.sameText {
      faults.append("a text gets another vector among others than alone (cosine \(Float(leastCosine)))")
    }
    if let cutsTextsOfWords, !isAskedToCut {
      faults.append("it cuts long texts without saying so: of \(cutsTextsOfWords) words, the end makes no difference")
    }
    return faults
  }
}
