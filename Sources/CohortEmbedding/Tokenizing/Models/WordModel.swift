/// What turns a word, as the pre-tokenizer gives it, into ids: the `model` of `tokenizer.json`.
protocol WordModel: Sendable {
  /// Appends the ids of a word that is not empty.
  func encode(_ word: UTF8Text, into ids: inout UnsafeGrowingBuffer<UInt32>, scratch: inout ModelScratch)

  var vocabulary: UnsafeVocabulary { get }

  /// The id of words and characters that the vocabulary lacks.
  var unknown: UInt32? { get }
}
