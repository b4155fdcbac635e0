internal import CohortCore
package import CohortEmbedding
internal import Foundation

/// What the test servers make of a text: a vector drawn from the text, or a failure that the text's first word names.
package enum ServerTruth {
  package static let dimension = 8

  package static func vector(_ text: String) -> [Float] {
    var generator = SplitMix64(seed: XXH3.hash64(Array(text.utf8)))
    return (0..<dimension).map { _ in Float.random(in: -1...1, using: &generator) }
  }

  package static func fault(_ text: String) -> String? {
    for word in ["reject", "nan", "zero", "crash", "short", "hangup"] where text.hasPrefix(word + " ") { return word }
    return nil
  }

  /// What the encoder must say of the text; the words of a refusal are its own.
  package static func outcome(_ text: String) -> EncodedText {
    if text.isEmpty { return EncodedText.none }
    return switch fault(text) {
    case nil: .vector(vector(text))
    case "zero": EncodedText.none
    default: .refused("")
    }
  }

  package static func matches(_ outcome: EncodedText, _ text: String) -> Bool {
    if case .refused = outcome, case .refused = Self.outcome(text) { return true }
    return outcome == Self.outcome(text)
  }

  package static func base64(_ vector: [Float]) -> String {
    var data = Data()
    for value in vector { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
    return data.base64EncodedString()
  }

  /// A vector in JSON, as servers write it: base64, numbers, and whatever they have for not-a-number.
  package static func json(_ vector: [Float], format: String, nan: String = "NaN") -> String {
    guard format != "base64" else { return "\"\(base64(vector))\"" }
    return "[" + vector.map { $0.isNaN ? nan : "\($0)" }.joined(separator: ",") + "]"
  }

  /// A whole and right answer in the interface that was asked.
  package static func reply(_ request: ReceivedRequest, vectors: [[Float]]? = nil) -> Reply {
    let vectors = vectors ?? request.texts.map(vector)
    let format = request.field("encoding_format") as? String ?? "float"
    let items = vectors.map { json($0, format: format) }
    let body =
      switch request.path {
      case "/embed": "[" + items.joined(separator: ",") + "]"
      case "/api/embed": #"{"model":"m","embeddings":["# + items.joined(separator: ",") + "]}"
      default:
        #"{"object":"list","data":["#
          + items.enumerated().map { #"{"object":"embedding","index":\#($0.offset),"embedding":\#($0.element)}"# }
          .joined(separator: ",") + #"],"model":"m"}"#
      }
    return .answer(200, ["Content-Type": "application/json"], Data(body.utf8))
  }
}
