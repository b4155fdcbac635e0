/// How a list of texts is cut into requests.
struct RequestLimits: Sendable {
  /// Few enough for code and for languages with short words; English has more.
  static let bytesPerToken = 3

  /// Most texts of a request, with the witness.
  let texts: Int
  /// Most tokens of a request.
  let tokens: Int
  let countTokens: (@Sendable (String) -> Int)?

  /// Whether a known text goes along with each request.
  var hasWitness: Bool { texts > 1 }
  var textsBesideWitness: Int { max(1, texts - 1) }

  /// Cuts texts, in order, so that no request has too many of them or too many tokens; a text that alone has more goes
  /// alone.
  func requests(_ prepared: [String], indices: [Int]) -> [[Int]] {
    var requests: [[Int]] = []
    var current: [Int] = []
    var size = 0
    for index in indices {
      let text = prepared[index]
      let cost = countTokens?(text) ?? (text.utf8.count + Self.bytesPerToken - 1) / Self.bytesPerToken
      if !current.isEmpty, current.count == textsBesideWitness || size + cost > tokens {
        requests.append(current)
        current = []
        size = 0
      }
      current.append(index)
      size += cost
    }
    if !current.isEmpty { requests.append(current) }
    return requests
  }
}

/// What is done to a text before it is sent.
struct TextPreparation: Sendable {
  let prefix: String
  /// UTF-8 bytes.
  let limit: Int?

  /// The text with the prefix, cut at a Unicode scalar.
  func prepare(_ text: String) -> String {
    let full = prefix + text
    guard let limit, full.utf8.count > limit else { return full }
    var end = full.utf8.index(full.startIndex, offsetBy: limit)
    while full.unicodeScalars.indices.startIndex < end, end.samePosition(in: full.unicodeScalars) == nil {
      end = full.utf8.index(before: end)
    }
    return String(full.unicodeScalars[..<end])
  }
}

/// What is wrong with a vector.
enum VectorFault: Hashable {
  case dimension(Int, expected: Int)
  case notFinite
  case zero

  /// Nil for a vector that can be kept.
  init?(_ vector: [Float], dimension: Int) {
    if vector.count != dimension {
      self = .dimension(vector.count, expected: dimension)
    } else if !vector.allSatisfy(\.isFinite) {
      self = .notFinite
    } else if vector.allSatisfy({ $0 == 0 }) {
      self = .zero
    } else {
      return nil
    }
  }

  var reason: String {
    switch self {
    case .dimension(let count, let expected): "the vector has \(count) values, not \(expected)"
    case .notFinite: "the vector has values that are no finite numbers"
    case .zero: "the vector is all zero"
    }
  }
}
