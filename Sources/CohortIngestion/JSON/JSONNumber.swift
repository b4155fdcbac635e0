/// Numbers as JSON writes them, looked at only where the parser refuses one.
enum JSONNumber {
  /// Letters, digits and the signs a number may have: what belongs to one word.
  static func isPart(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2d, 0x2e: true
    default: false
    }
  }

  /// Why some bytes, of which there is at least one, are no number (RFC 8259, section 6); nil when they are one.
  static func fault(in text: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
    func isDigit(_ index: Int) -> Bool { index < text.endIndex && (0x30...0x39).contains(text[index]) }
    var index = text.startIndex
    if text[index] == 0x2d { index += 1 }
    guard isDigit(index) else { return "has no digit behind its sign" }
    if text[index] == 0x30, isDigit(index + 1) { return "begins with a zero" }
    while isDigit(index) { index += 1 }
    if index < text.endIndex, text[index] == 0x2e {
      index += 1
      guard isDigit(index) else { return "has no digit behind its point" }
      while isDigit(index) { index += 1 }
    }
    if index < text.endIndex, text[index] | 0x20 == 0x65 {
      index += 1
      if index < text.endIndex, text[index] == 0x2b || text[index] == 0x2d { index += 1 }
      guard isDigit(index) else { return "has no digit in its exponent" }
      while isDigit(index) { index += 1 }
    }
    return index == text.endIndex ? nil : "is not one that JSON knows"
  }

  /// Whether a number is beyond what 64 bits hold: a whole one outside of Int64 and UInt64, or another one that is
  /// larger than every Float64.
  static func isWide(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    let string = String(decoding: text, as: UTF8.self)
    if text.allSatisfy({ $0 == 0x2d || (0x30...0x39).contains($0) }) {
      return Int64(string) == nil && UInt64(string) == nil
    }
    return !(Double(string) ?? .infinity).isFinite
  }
}

/// A document whose numbers beyond 64 bits are written as strings, so that the parser takes it. Which of its strings are
/// such numbers is known by their place among all strings, so no text of the document can pass for one.
struct WideNumbers {
  private(set) var text: [UInt8] = []
  /// Places among the strings of the document, keys included, ascending.
  private(set) var places: [Int] = []

  /// - Returns: nil when the document has no such number.
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    text.reserveCapacity(bytes.count + 64)
    var position = 0
    var strings = 0
    var copied = 0
    while position < bytes.count {
      let byte = bytes[position]
      if byte == 0x22 {
        position += 1
        while position < bytes.count, bytes[position] != 0x22 { position += bytes[position] == 0x5c ? 2 : 1 }
        position += 1
        strings += 1
      } else if byte == 0x2d || (0x30...0x39).contains(byte) {
        let start = position
        while position < bytes.count, JSONNumber.isPart(bytes[position]) { position += 1 }
        let number = bytes[start..<position]
        guard JSONNumber.fault(in: number) == nil, JSONNumber.isWide(number) else { continue }
        text.append(contentsOf: bytes[copied..<start])
        text.append(0x22)
        text.append(contentsOf: number)
        text.append(0x22)
        copied = position
        places.append(strings)
        strings += 1
      } else {
        position += 1
      }
    }
    if places.isEmpty { return nil }
    text.append(contentsOf: bytes[min(copied, bytes.count)...])
  }

  /// Turns the strings on the tape back into numbers (`UnsafeTape.Kind.wide`).
  func mark(on words: UnsafeMutablePointer<UInt64>) {
    let end = Int(words[0] & 0x00ff_ffff_ffff_ffff)
    var word = 1
    var string = 0
    var next = places[...]
    while word < end, let place = next.first {
      switch UInt8(truncatingIfNeeded: words[word] >> 56) {
      case 0x22:
        if string == place {
          words[word] = words[word] & 0x00ff_ffff_ffff_ffff | UInt64(UnsafeTape.Kind.wide.rawValue) << 56
          next.removeFirst()
        }
        string += 1
      case 0x6c, 0x75, 0x64: word += 1
      default: break
      }
      word += 1
    }
  }
}
