internal import CUnicodeTables

/// BERT's text cleaning: control characters out, every white space a space, spaces around Chinese characters, accents
/// off, lower case. Each of them can be off.
struct BertNormalizer: Sendable {
  private let cleans: Bool
  private let separatesChinese: Bool
  private let stripsAccents: Bool
  private let lowercases: Bool
  /// What an ASCII byte becomes; `dropped`, or `long` for a byte of a longer scalar.
  private let ascii: [UInt8]

  private static let dropped: UInt8 = 0xff
  private static let long: UInt8 = 0xfe

  init(cleans: Bool, separatesChinese: Bool, stripsAccents: Bool?, lowercases: Bool) {
    self.cleans = cleans
    self.separatesChinese = separatesChinese
    self.stripsAccents = stripsAccents ?? lowercases
    self.lowercases = lowercases
    ascii = (0..<256).map { byte in
      guard byte < 0x80 else { return Self.long }
      if cleans {
        if byte == 0x09 || byte == 0x0a || byte == 0x0d { return 0x20 }
        if byte < 0x20 || byte == 0x7f { return Self.dropped }
      }
      return lowercases && (0x41...0x5a).contains(byte) ? UInt8(byte + 32) : UInt8(byte)
    }
  }

  func apply(_ text: UTF8Text, into output: inout UnsafeGrowingBuffer<UInt8>, scalars: inout CanonicalForms.Scalars) {
    ascii.withUnsafeBufferPointer { table in
      var index = 0
      while index < text.count {
        output.reserve(text.count - index)
        let to = output.start + output.count
        var written = 0
        while index < text.count {
          let byte = table[Int(text[index])]
          if byte == Self.long { break }
          to[written] = byte
          if byte != Self.dropped { written += 1 }
          index += 1
        }
        output.advance(by: written)
        if index < text.count { index = applyLong(text, from: index, table, into: &output, scalars: &scalars) }
      }
    }
  }

  /// Normalizes from a scalar beyond ASCII up to the next ASCII one that stays: marks reorder only in between.
  private func applyLong(
    _ text: UTF8Text, from start: Int, _ table: UnsafeBufferPointer<UInt8>,
    into output: inout UnsafeGrowingBuffer<UInt8>, scalars: inout CanonicalForms.Scalars
  ) -> Int {
    scalars.removeAll()
    var index = start
    while index < text.count {
      if text[index] < 0x80, table[Int(text[index])] != Self.dropped { break }
      let (scalar, length) = text.scalar(at: index)
      index += length
      append(scalar, to: &scalars)
    }
    if stripsAccents { CanonicalForms.order(&scalars) }
    for at in 0..<scalars.count {
      let scalar = scalars[at]
      if stripsAccents, scalar >= 0x300, UnicodeProperties(scalar).isNonspacingMark { continue }
      if lowercases { output.append(lowercase: scalar) } else { output.append(scalar: scalar) }
    }
    return index
  }

  @inline(__always)
  private func append(_ scalar: UInt32, to scalars: inout CanonicalForms.Scalars) {
    var scalar = scalar
    if cleans {
      // The three ASCII blanks end the run, so none of them comes here.
      let properties = UnicodeProperties(scalar)
      if scalar == 0 || scalar == 0xfffd || properties.isOther { return }
      if properties.isWhitespace { scalar = 0x20 }
    }
    let isChinese = separatesChinese && Self.isChinese(scalar)
    if isChinese { scalars.append(0x20) }
    if stripsAccents {
      CanonicalForms.appendDecomposed(scalar, compatibility: false, to: &scalars)
    } else {
      scalars.append(scalar)
    }
    if isChinese { scalars.append(0x20) }
  }

  private static func isChinese(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x4e00...0x9fff, 0x3400...0x4dbf, 0x20000...0x2a6df, 0x2a700...0x2b73f, 0x2b740...0x2b81f, 0x2b920...0x2ceaf,
      0xf900...0xfaff, 0x2f800...0x2fa1f:
      true
    default: false
    }
  }
}

extension UnsafeGrowingBuffer<UInt8> {
  /// Appends the UTF-8 of a scalar's lower case.
  @inline(__always)
  mutating func append(lowercase scalar: UInt32) {
    if scalar < 0x80 {
      append(UInt8(truncatingIfNeeded: scalar &- 0x41 < 26 ? scalar + 32 : scalar))
      return
    }
    var to: UnsafePointer<UInt32>?
    let count = cunicode_lower(scalar, &to)
    if count == 0 {
      append(scalar: scalar)
    } else {
      for part in UnsafeBufferPointer(start: to, count: count) { append(scalar: part) }
    }
  }
}
