/// The memory that one call of a tokenizer works in, kept for the next call.
final class TokenizerScratch: @unchecked Sendable {  // Guard: one call has it at a time.
  /// The normal form of the part at hand; the pieces lie in it.
  var text = UnsafeGrowingBuffer<UInt8>()
  var otherText = UnsafeGrowingBuffer<UInt8>()
  var scalars = UnsafeGrowingBuffer<UInt32>()
  var pieces = UnsafeGrowingBuffer<Piece>()
  var otherPieces = UnsafeGrowingBuffer<Piece>()
  var model = ModelScratch()
  var cache = UnsafeWordCache()
  /// The ids of the text.
  var ids = UnsafeGrowingBuffer<UInt32>()
}

/// A part of the text in the scratch.
struct Piece: BitwiseCopyable {
  var start: Int
  var end: Int

  init(_ start: Int, _ end: Int) { (self.start, self.end) = (start, end) }

  var range: Range<Int> { start..<end }
}

/// The memory a model works in.
struct ModelScratch: ~Copyable {
  var bytes = UnsafeGrowingBuffer<UInt8>()
}
