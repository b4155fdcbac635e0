/// Whole numbers of a fixed width.
enum FixedBytes {
  /// The low bytes of each number, the lowest first.
  static func packed(_ numbers: [some FixedWidthInteger], width: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: numbers.count * width) { bytes, count in
      var at = 0
      for number in numbers {
        let value = UInt64(truncatingIfNeeded: number)
        for place in 0..<width {
          bytes[at] = UInt8(truncatingIfNeeded: value >> UInt64(8 * place))
          at += 1
        }
      }
      count = at
    }
  }
}
