/// SentencePiece's precompiled character map: a double-array trie (Darts) from UTF-8 to normalized text.
///
/// Layout: the trie's size in bytes (UInt32), the trie as UInt32 units, and the texts, each with a zero byte at its end;
/// all little-endian.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let texts: [UInt8]

  /// Nil for bytes that are no such map.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 4 else { return nil }
    let size = bytes.withUnsafeBytes { Int(UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self))) }
    guard size % 4 == 0, size > 0, size <= bytes.count - 4 else { return nil }
    units = bytes.withUnsafeBytes { raw in
      (0..<(size / 4)).map { UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 + $0 * 4, as: UInt32.self)) }
    }
    texts = Array(bytes[(4 + size)...])
  }

  /// Replaces what the map knows: first whole grapheme clusters of up to five bytes, then single characters.
  func apply(_ text: UTF8Text, into output: inout UnsafeGrowingBuffer<UInt8>) {
    var index = 0
    while index < text.count {
      // Between two ASCII characters clusters end, unless it is a CR LF.
      if text[index] < 0x80, index + 1 == text.count || text[index + 1] < 0x80 {
        let isLineBreak = text[index] == 0x0d && index + 1 < text.count && text[index + 1] == 0x0a
        let length = isLineBreak ? 2 : 1
        apply(cluster: text.part(index..<(index + length)), into: &output)
        index += length
        continue
      }
      var end = index + 1
      while end < text.count, text[end] >= 0x80 || text[end - 1] >= 0x80 { end += 1 }
      // The character at the end may begin a CR LF.
      if end < text.count, text[end - 1] == 0x0d, text[end] == 0x0a { end -= 1 }
      var start = index
      for character in String(decoding: text.part(index..<end), as: UTF8.self) {
        let next = min(start + character.utf8.count, end)
        apply(cluster: text.part(start..<next), into: &output)
        start = next
      }
      index = end
    }
  }

  private func apply(cluster: UTF8Text, into output: inout UnsafeGrowingBuffer<UInt8>) {
    if cluster.count < 6, let range = replacement(of: cluster) {
      texts.withUnsafeBufferPointer { output.append(contentsOf: $0.part(range)) }
      return
    }
    var index = 0
    while index < cluster.count {
      let character = cluster.part(index..<(index + cluster.scalar(at: index).length))
      if let range = replacement(of: character) {
        texts.withUnsafeBufferPointer { output.append(contentsOf: $0.part(range)) }
      } else {
        output.append(contentsOf: character)
      }
      index += character.count
    }
  }

  /// The text of the shortest key that `part` begins with: not of the longest, as in the library.
  private func replacement(of part: UTF8Text) -> Range<Int>? {
    var position = Self.offset(units[0])
    for byte in part {
      if byte == 0 { return nil }
      position ^= Int(byte)
      guard position < units.count else { return nil }
      let unit = units[position]
      guard unit & (1 << 31 | 0xff) == UInt32(byte) else { return nil }
      position ^= Self.offset(unit)
      if unit >> 8 & 1 == 1 {
        guard position < units.count else { return nil }
        let start = Int(units[position] & 0x7fff_ffff)
        guard start <= texts.count else { return nil }
        let end = texts[start...].firstIndex(of: 0) ?? texts.count
        return start..<end
      }
    }
    return nil
  }

  private static func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & (1 << 9)) >> 6)) }
}
