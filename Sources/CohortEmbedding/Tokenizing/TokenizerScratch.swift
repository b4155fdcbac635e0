/// The memory that one call of a tokenizer works in, kept for the next call.
final class TokenizerScratch: @unchecked Sendable {  // Guard: one call has it at a time.
  /// The normal form of the part at hand.
  var text = UnsafeGrowingBuffer<UInt8>()
  var otherText = UnsafeGrowingBuffer<UInt8>()
  /// What the pre-tokenizer made of it, if that changes the text.
  var rewritten = UnsafeGrowingBuffer<UInt8>()
  var otherRewritten = UnsafeGrowingBuffer<UInt8>()
  var isRewritten = false
  var scalars = UnsafeGrowingBuffer<UInt32>()
  var pieces = UnsafeGrowingBuffer<Piece>()
  var otherPieces = UnsafeGrowingBuffer<Piece>()
  var cuts = UnsafeGrowingBuffer<Cut>()
  var model = ModelScratch()
  var cache = UnsafeWordCache()
  /// The ids of the text.
  var ids = UnsafeGrowingBuffer<UInt32>()
}

extension TokenizerScratch {
  /// What the pieces lie in.
  var pieceText: UTF8Text { isRewritten ? rewritten.view : text.view }

  /// Whether a text was so long that the memory it took should not be kept.
  var isLarge: Bool { max(text.capacity, rewritten.capacity, otherRewritten.capacity) > 1 << 22 }
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
  var symbols = UnsafeGrowingBuffer<Symbol>()
  var heap = UnsafeGrowingBuffer<UInt64>()
  var path = UnsafeGrowingBuffer<PathNode>()
}
