internal import CohortCore

/// Bytes of text, unpacked. Used by one thread at a time.
protocol ByteStream: AnyObject {
  /// Fills at most `target.count` bytes; 0 only at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int
  /// Bytes of the packed input taken so far.
  var consumed: UInt64 { get }
}

/// An input that is not compressed.
final class PlainStream: ByteStream {
  private let input: RawInput
  init(_ input: RawInput) { self.input = input }
  var consumed: UInt64 { input.consumed }
  func read(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int { try input.read(into: target) }
}

/// Refuses inputs that unfold to far more than they are: a few kilobytes can hold terabytes of zeros.
struct UnfoldingGuard {
  private let limits: IngestionLimits
  private let path: String
  private var produced: UInt64 = 0

  init(limits: IngestionLimits, path: String) {
    self.limits = limits
    self.path = path
  }

  mutating func count(_ bytes: Int, consumed: UInt64) throws(CohortError) {
    produced += UInt64(bytes)
    if produced > limits.decompressedBytes {
      throw CohortError(
        .ingestionDecompressedSize, "the input unfolds to more than \(limits.decompressedBytes) bytes", place: path,
        hint: "Unpack it yourself if you trust it")
    }
    if produced > limits.ratioGrace, produced / limits.decompressionRatio > consumed {
      throw CohortError(
        .ingestionDecompressionRatio,
        "\(consumed) bytes of the input unfold to more than \(limits.decompressionRatio) times as many", place: path,
        hint: "This may be a decompression bomb; unpack it yourself if you trust it")
    }
  }
}
