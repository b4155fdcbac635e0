internal import CohortCore

/// What a model makes of a few fixed texts: the sample by which a model is known again behind the same name.
///
/// Servers give slightly different numbers for one text from one request to the next (batch shapes, half floats), so
/// probes are compared by cosine, not by a hash: whatever is rounded, some number lies at the edge.
public struct EncoderProbe: Hashable, Sendable {
  /// The texts. They never change: probes are stored. The first also goes along with requests as their witness.
  public static let texts = [
    "The quick brown fox jumps over the lazy dog.",
    "Translate the following sentence into French: I would like a cup of tea.",
    "def gcd(a, b):\n    return a if b == 0 else gcd(b, a % b)",
    "北京是中华人民共和国的首都。",
  ]

  /// One vector for each of the fixed texts, in their order.
  public var vectors: [[Float]]

  public init(vectors: [[Float]]) { self.vectors = vectors }

  /// The least cosine between the vectors of a text; 0 for probes of different shapes.
  public func leastCosine(to other: EncoderProbe) -> Double {
    guard vectors.count == other.vectors.count else { return 0 }
    return zip(vectors, other.vectors).map { Self.cosine($0, $1) }.min() ?? 0
  }

  /// 0 for vectors of different dimensions, of length 0, and with values that are not finite.
  static func cosine(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return 0 }
    var (product, left, right) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      product += Double(x) * Double(y)
      left += Double(x) * Double(x)
      right += Double(y) * Double(y)
    }
    let cosine = product / (left * right).squareRoot()
    return cosine.isFinite ? cosine : 0
  }

  /// Version 1, count and dimension as variable-length integers, then single floats, little-endian.
  public func encoded() -> [UInt8] {
    let dimension = vectors.first?.count ?? 0
    var writer = ByteWriter(capacity: 8 + 4 * dimension * vectors.count)
    writer.fixed(UInt8(1))
    writer.varint(vectors.count)
    writer.varint(dimension)
    for value in vectors.joined() { writer.fixed(value) }
    return writer.bytes
  }

  /// Reads what `encoded` wrote.
  /// - Throws: `core.truncated`, `core.invalid` for any other bytes.
  public init(decoding bytes: [UInt8]) throws {
    vectors = try ByteReader.decode(bytes) { reader in
      guard try reader.fixed(UInt8.self) == 1 else { throw CohortError.invalid("an encoder's probe", at: 0) }
      let count = try reader.count()
      let dimension = try reader.count()
      guard count <= 16, dimension <= reader.remaining / 4 / max(count, 1) else {
        throw CohortError.truncated("an encoder's probe", at: reader.offset)
      }
      return try (0..<count).map { _ in try (0..<dimension).map { _ in try reader.float() } }
    }
  }
}
