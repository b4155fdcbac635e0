internal import CohortCore

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

extension EmbeddingError {
  /// A file that the system does not give.
  static func system(_ message: String, path: String, number: Int32) -> EmbeddingError {
    EmbeddingError(
      code: "unreadable", category: number == ENOENT ? .notFound : .failure, message: message, place: path,
      cause: strerror(number).map { String(cString: $0) })
  }

  /// A file of a model that does not follow its format.
  static func damaged(_ what: String, path: String, cause: String? = nil) -> EmbeddingError {
    EmbeddingError(
      code: "damaged-model", category: .corruption, message: what, place: path, cause: cause,
      hint: "Fetch the model's files again")
  }

  /// A part of `tokenizer.json` that this program does not know.
  static func unsupported(_ component: String, path: String) -> EmbeddingError {
    EmbeddingError(
      code: "unsupported-tokenizer", category: .usage, message: "\(component) is not supported", place: path,
      hint: "Models of type WordPiece, BPE and Unigram can be read, with the usual normalizers and pre-tokenizers")
  }
}
