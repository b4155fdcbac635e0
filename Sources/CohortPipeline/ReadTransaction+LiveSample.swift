internal import CohortCore
internal import CohortStore

extension ReadTransaction {
  /// Lends a sample to `body`, and names it if it turns out to be damaged: what is wrong with one sample shall be told apart
  /// from what is wrong with the store.
  /// - Returns: nil when the sample was deleted or never existed.
  /// - Throws: `pipeline.content` for damage of any kind, be it in the record, in the payload or in what `body` reads of it;
  ///   otherwise what `body` throws.
  /// - Complexity: that of `withSample`.
  func withLiveSample<R>(_ id: SampleID, _ body: (SampleView) throws -> R) throws -> R? {
    do {
      return try withSample(id) { try $0.map(body) }
    } catch let error as CohortError {
      guard error.category == .corruption, error.code.module != .pipeline else { throw error }
      throw CohortError(
        .pipelineContent, "A sample cannot be read", place: "sample \(id)",
        cause: [error.message, error.cause].compactMap(\.self).joined(separator: ": "),
        hint: "Run cohort verify; a sample that is damaged can be deleted")
    }
  }
}
