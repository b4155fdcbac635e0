/// Base64 with padding (RFC 4648, section 4).
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Appends bytes as text: four characters for each three.
  static func append(_ source: [UInt8], to bytes: inout [UInt8]) {
    bytes += [UInt8](unsafeUninitializedCapacity: (source.count + 2) / 3 * 4) { text, count in
      alphabet.withUnsafeBufferPointer { alphabet in
        source.withUnsafeBufferPointer { source in count = encode(source, alphabet, into: text) }
      }
    }
  }

  private static func encode(
    _ source: UnsafeBufferPointer<UInt8>, _ alphabet: UnsafeBufferPointer<UInt8>,
    into text: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    var (index, at) = (0, 0)
    while index < source.count {
      let left = source.count - index
      let second = left > 1 ? Int(source[index + 1]) : 0
      let third = left > 2 ? Int(source[index + 2]) : 0
      let word = Int(source[index]) << 16 | second << 8 | third
      text[at] = alphabet[word >> 18]
      text[at + 1] = alphabet[word >> 12 & 63]
      text[at + 2] = left > 1 ? alphabet[word >> 6 & 63] : UInt8(ascii: "=")
      text[at + 3] = left > 2 ? alphabet[word & 63] : UInt8(ascii: "=")
      index += 3
      at += 4
    }
    return at
  }

  static func text(_ source: [UInt8]) -> String {
    var bytes: [UInt8] = []
    append(source, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
