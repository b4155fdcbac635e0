extension SampleContent {
  /// The lengths of a stored sample, as its ingestion would count them: those of its `SampleParts`, of each message its text,
  /// its reasoning and its calls of tools (`MessageParts`).
  ///
  /// Lengths that a store holds are never counted anew: those of samples that an older version took in counted all of the
  /// extra object where it held calls, no reasoning beside the text, and took the last message of the assistant for the
  /// response, trained on or not.
  /// - Parameters:
  ///   - part: what counts of each message.
  ///   - measure: the length of a text in UTF-8; not asked for empty ones.
  public static func lengths(
    of view: PartsView, part: MessageParts.Part = .everything, measure: (UnsafeRawBufferPointer) -> Int
  ) -> SampleLengths {
    view.parts.lengths { view.messages[$0].parts.length(of: part, measure: measure) }
  }
}
