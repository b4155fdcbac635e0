internal import CohortCore
internal import CohortSystem

extension CohortError {
  /// A file that the system does not give.
  static func system(_ message: String, path: String, _ reason: Errno) -> CohortError {
    CohortError(
      .embeddingUnreadable, category: reason.number == ENOENT ? .notFound : .failure, message, place: path,
      cause: reason.text)
  }

  /// A file of a model that does not follow its format.
  static func damaged(_ what: String, path: String, cause: String? = nil) -> CohortError {
    CohortError(.embeddingDamagedModel, what, place: path, cause: cause, hint: "Fetch the model's files again")
  }

  /// A part of `tokenizer.json` that this program does not know.
  static func unsupported(_ component: String, path: String) -> CohortError {
    CohortError(
      .embeddingUnsupportedTokenizer, "\(component) is not supported", place: path,
      hint: "Models of type WordPiece, BPE and Unigram can be read, with the usual normalizers and pre-tokenizers")
  }
}
