public import CohortCore
public import CohortStore

extension SampleView {
  /// Lends the messages of a stored sample to `body`, with what is prompt and response among them (`SampleParts`). Valid
  /// only inside `body`; texts are not copied.
  /// - Throws: `reading.unreadable-sample` for content that does not follow its layout; what `body` throws.
  public func withParts<R>(_ body: (SampleContent.PartsView) throws -> R) throws -> R {
    do {
      return try SampleContent.withParts(of: content, body)
    } catch let error as CohortError where error.isFormat {
      throw CohortError(
        .readingUnreadableSample, "A sample cannot be read", place: "sample \(id)", cause: error.description)
    }
  }

  /// The lengths of its parts, as ingestion would count them.
  /// - Parameters:
  ///   - part: what counts of each message.
  ///   - measure: the length of a text in UTF-8.
  /// - Throws: as `withParts`.
  public func lengths(
    part: MessageParts.Part = .everything, measure: (UnsafeRawBufferPointer) -> Int
  ) throws -> SampleLengths {
    try withParts { SampleContent.lengths(of: $0, part: part, measure: measure) }
  }
}
