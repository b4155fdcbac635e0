public import CohortCore
internal import CohortSystem

/// A tokenizer as described by a `tokenizer.json` file of Hugging Face's `tokenizers`, whose ids it gives.
///
/// ```swift
/// let tokenizer = try Tokenizer(contentsOf: "model/tokenizer.json")
/// let length = tokenizer.count("How long is this?")
/// ```
///
/// WordPiece, byte-level and plain BPE, and Unigram models are read, with the normalizers and pre-tokenizers that occur
/// with them. No special tokens are added around the text; those that occur in the text are recognised. Padding,
/// truncation and post-processing that the file asks for are left out.
///
/// Calls may come from several threads at once; each works in memory that is kept for the next call.
public final class Tokenizer: Sendable {
  /// Tokens of the vocabulary, added ones included.
  public let vocabularySize: Int
  /// Scalars of the token in the middle, when all tokens are ordered by length.
  public let medianTokenLength: Int
  /// The id of what the vocabulary does not know.
  public let unknownID: UInt32?
  /// No id is larger.
  public let largestID: UInt32
  /// Hash of the file.
  let digest: Digest128

  private let rawTokens: AddedTokens
  private let normalizer: Normalizer
  private let normalizedTokens: AddedTokens
  private let preTokenizer: PreTokenizer
  private let model: any WordModel
  private let scratches = Locked<[TokenizerScratch]>([])

  /// Reads a `tokenizer.json`.
  /// - Throws: `embedding.unreadable`, `embedding.damaged-model`; `embedding.unsupported-tokenizer`, naming a component
  ///   that is not known here.
  /// - Complexity: O(size of the file); 30,000 tokens take a few milliseconds.
  public convenience init(contentsOf path: String) throws(CohortError) {
    let file = try MappedFile(path)
    let parts = try JSONDocument.read(file.bytes, path: path) { root throws(CohortError) in
      try TokenizerFile(root, path: path)
    }
    self.init(parts, digest: XXH3.hash128(file.bytes))
  }

  private init(_ file: TokenizerFile, digest: Digest128) {
    (rawTokens, normalizedTokens) = (file.rawTokens, file.normalizedTokens)
    (normalizer, preTokenizer, model) = (file.normalizer, file.preTokenizer, file.model)
    (vocabularySize, medianTokenLength, largestID) = (file.vocabularySize, file.medianTokenLength, file.largestID)
    unknownID = file.model.unknown
    self.digest = digest
  }

  /// The ids of a text's tokens, in order; special tokens are not added.
  public func encode(_ text: String) -> [UInt32] {
    var text = text
    return text.withUTF8 { encode($0) }
  }

  /// The ids of a text in UTF-8. Bytes that are not UTF-8 count as U+FFFD.
  public func encode(_ utf8: UnsafeBufferPointer<UInt8>) -> [UInt32] {
    withScratch { scratch in
      encode(utf8, scratch: scratch)
      return Array(scratch.ids.view)
    }
  }

  /// How many tokens a text has.
  public func count(_ text: String) -> Int {
    var text = text
    return text.withUTF8 { count($0) }
  }

  /// How many tokens a text in UTF-8 has.
  public func count(_ utf8: UnsafeBufferPointer<UInt8>) -> Int {
    withScratch { scratch in
      encode(utf8, scratch: scratch)
      return scratch.ids.count
    }
  }

  /// Lends memory to work in; with it one caller can encode many texts.
  func withScratch<R>(_ body: (TokenizerScratch) throws -> R) rethrows -> R {
    let scratch = scratches.withLock { $0.popLast() } ?? TokenizerScratch()
    defer { if !scratch.isLarge { scratches.withLock { $0.append(scratch) } } }
    return try body(scratch)
  }

  /// Puts the ids of a text into `scratch.ids`.
  func encode(_ text: UTF8Text, scratch: TokenizerScratch) {
    scratch.ids.removeAll()
    rawTokens.split(text) { part in
      if let id = part.id {
        scratch.ids.append(id)
        return
      }
      normalizer.apply(text.part(part.range), scratch: scratch)
      encodeNormalized(isFirst: part.range.lowerBound == 0, scratch: scratch)
    }
  }

  private func encodeNormalized(isFirst: Bool, scratch: TokenizerScratch) {
    normalizedTokens.split(scratch.text.view) { part in
      if let id = part.id {
        scratch.ids.append(id)
        return
      }
      preTokenizer.apply(part.range, isFirst: isFirst && part.range.lowerBound == 0, scratch: scratch)
      encode(
        scratch.pieces.view, of: scratch.pieceText, into: &scratch.ids, cache: &scratch.cache, scratch: &scratch.model)
    }
  }

  private func encode(
    _ words: UnsafeBufferPointer<Piece>, of text: UTF8Text, into ids: inout UnsafeGrowingBuffer<UInt32>,
    cache: inout UnsafeWordCache, scratch: inout ModelScratch
  ) {
    for piece in words {
      let word = text.part(piece.range)
      guard word.count <= UnsafeWordCache.longestWord else {
        model.encode(word, into: &ids, scratch: &scratch)
        continue
      }
      let hash = UnsafeVocabulary.hash(word)
      if cache.find(word, hash: hash, into: &ids) { continue }
      let before = ids.count
      model.encode(word, into: &ids, scratch: &scratch)
      cache.insert(word, hash: hash, ids: ids.view(before..<ids.count))
    }
  }
}
