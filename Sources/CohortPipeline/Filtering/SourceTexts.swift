internal import CohortCore
internal import CohortStore

/// What samples have by their source, where they have no attribute of their own: its licence or its owner. Each source is
/// looked up once.
struct SourceTexts {
  private let term: SourceTerms.Term?
  private var known: [SourceID: String?] = [:]

  /// - Parameter key: the attribute's.
  init(key: String) { term = SourceTerms.Term(attribute: key) }

  /// The text; nil when the source has none, and for any other attribute.
  mutating func text(of source: SourceID, _ transaction: borrowing ReadTransaction) throws -> String? {
    guard let term else { return nil }
    if let text = known[source] { return text }
    let text = try transaction.source(source)?.terms[term]
    known[source] = .some(text)
    return text
  }
}
