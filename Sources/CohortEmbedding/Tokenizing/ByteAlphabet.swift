/// The characters that stand for bytes in byte-level tokenizers (GPT-2): printable Latin-1 for itself, the other 68 bytes
/// as U+0100 and on.
enum ByteAlphabet {
  private static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (0..<256 as Range<UInt32>).map { byte in
      if (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || byte >= 0xae { return byte }
      defer { next += 1 }
      return next
    }
  }()

  static func append(_ text: UTF8Text, to output: inout UnsafeGrowingBuffer<UInt8>) {
    scalars.withUnsafeBufferPointer { scalars in
      for byte in text { output.append(scalar: scalars[Int(byte)]) }
    }
  }
}
