/// A part of a text as UTF-8, in place.
typealias UTF8Text = UnsafeBufferPointer<UInt8>

extension UnsafeBufferPointer<UInt8> {
  /// The scalar that begins at `index`, and its bytes. A byte that begins no scalar counts as U+FFFD.
  @inline(__always)
  func scalar(at index: Int) -> (value: UInt32, length: Int) {
    let first = self[index]
    if first < 0x80 { return (UInt32(first), 1) }
    return longScalar(at: index, first: first)
  }

  @inline(__always)
  private func longScalar(at index: Int, first: UInt8) -> (value: UInt32, length: Int) {
    let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
    guard first >= 0xc2, first <= 0xf4, index + length <= count else { return (0xfffd, 1) }
    var value = UInt32(first) & (0x7f >> UInt32(length))
    for offset in 1..<length {
      let byte = self[index + offset]
      guard byte & 0xc0 == 0x80 else { return (0xfffd, 1) }
      value = value << 6 | UInt32(byte & 0x3f)
    }
    return (value, length)
  }

  /// The scalar that ends before `index`, and its bytes.
  func scalar(before index: Int) -> (value: UInt32, length: Int) {
    var start = index - 1
    while start > 0, index - start < 4, self[start] & 0xc0 == 0x80 { start -= 1 }
    let found = scalar(at: start)
    return start + found.length == index ? found : (0xfffd, 1)
  }

  func part(_ range: Range<Int>) -> UTF8Text { UTF8Text(rebasing: self[range]) }

  /// Bytes of the first `most` scalars.
  func length(ofScalars most: Int) -> Int {
    guard count > most else { return count }
    var scalars = 0
    for index in 0..<count where self[index] & 0xc0 != 0x80 {
      if scalars == most { return index }
      scalars += 1
    }
    return count
  }

  var scalarCount: Int {
    var scalars = 0
    for byte in self where byte & 0xc0 != 0x80 { scalars += 1 }
    return scalars
  }
}
