public import CohortCore

extension LogEvent {
  /// A source got a licence or an owner, or others than it had.
  public struct SourceDescribed: LogEventKind {
    public static let kind = LogKind(22, "source-described")
    /// The source that is described.
    public var source: SourceID
    /// Its name.
    public var name: String
    /// All that is said of it from this entry on.
    public var terms: SourceTerms

    public var fields: [LogField] {
      [.id("source", source.rawValue), .text("name", name)]
        + SourceTerms.Term.allCases.compactMap { term in terms[term].map { .text(term.rawValue, $0) } }
    }
  }
}

extension LogEvent.SourceDescribed {
  init(from reader: inout ByteReader) throws {
    source = SourceID(try reader.fixed())
    name = try reader.string()
    terms = try SourceTerms(from: &reader)
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(source.rawValue)
    writer.string(name)
    terms.encode(into: &writer)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if source.rawValue >= history.sources { problem("it describes source \(source), which is not there") }
    history.terms[source] = terms
  }
}

extension SourceTerms {
  init(from reader: inout ByteReader) throws {
    self.init(licence: try reader.optionalString(), owner: try reader.optionalString())
  }

  func encode(into writer: inout ByteWriter) {
    writer.optional(licence)
    writer.optional(owner)
  }
}
