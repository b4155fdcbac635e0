internal import CohortCore
internal import CohortLMDB

/// What is said of a source as a whole: under which licence its samples may be used, and whose they are.
///
/// A sample without an attribute of that name has what its source has: for groups and filters `licence` (or `license`) and
/// `owner` are attributes that every sample can have.
public struct SourceTerms: Hashable, Sendable {
  /// One thing that is said.
  public enum Term: String, CaseIterable, Sendable {
    /// The name of a licence, as whoever gave the data spells it: `CC-BY-4.0`.
    case licence
    /// A person, a firm, a project.
    case owner

    /// What an attribute's key stands for; nil for most keys.
    public init?(attribute key: String) {
      switch key {
      case "licence", "license": self = .licence
      case "owner": self = .owner
      default: return nil
      }
    }
  }

  /// Under which licence its samples may be used; nil when nobody said.
  public var licence: String?
  /// Whose they are; nil when nobody said.
  public var owner: String?

  public init(licence: String? = nil, owner: String? = nil) {
    self.licence = licence
    self.owner = owner
  }

  /// `source_terms[u32 BE source]`: sources without terms are not in it.
  package static let table = OptionalTable("source_terms", key: .bytes, number: 13, feature: StoreFormat.sourceTerms)

  static func key(of source: SourceID) -> [UInt8] { withUnsafeBytes(of: source.rawValue.bigEndian) { [UInt8]($0) } }

  /// Whether nothing is said.
  public var isEmpty: Bool { licence == nil && owner == nil }

  /// One of them.
  public subscript(term: Term) -> String? {
    get {
      switch term {
      case .licence: licence
      case .owner: owner
      }
    }
    set {
      switch term {
      case .licence: licence = newValue
      case .owner: owner = newValue
      }
    }
  }
}

extension ReadTransaction {
  /// Whether a source may have terms.
  var hasSourceTerms: Bool { unsafe.table(SourceTerms.table.definition) != nil }

  /// A source with what is said of it.
  func described(_ source: SourceRecord) throws -> SourceRecord {
    guard let stored = try value(SourceTerms.key(of: source.id), of: SourceTerms.table) else { return source }
    var source = source
    do {
      source.terms = try ByteReader.decode(stored) { try SourceTerms(from: &$0) }
    } catch let error as CohortError where error.isFormat {
      throw CohortError.corrupted("The terms of source \(source.id)", cause: error.description)
    }
    return source
  }

  /// Looks whether sources that are there may get these terms, so that a long job can be refused before it begins.
  /// - Throws: `store.source-terms` for the first that may not.
  /// - Complexity: O(groupings); a look-up a name where one of them divides by a term.
  public func check(_ terms: SourceTerms, ofSources names: some Sequence<String>) throws {
    let dividing = try groupingsByTerms()
    guard SourceTerms.Term.allCases.contains(where: { terms[$0] != nil && dividing[$0] != nil }) else { return }
    for name in names {
      guard let source = try sourceIfKnown(named: name) else { continue }
      try check(terms, of: source, dividing)
    }
  }

  /// Whether a source that is there may get these terms.
  public func mayGive(_ terms: SourceTerms, to source: SourceRecord) throws -> Bool {
    let dividing = try groupingsByTerms()
    return SourceTerms.Term.allCases.allSatisfy { term in
      terms[term] == nil || terms[term] == source.terms[term] || dividing[term] == nil
    }
  }

  /// Samples have been divided by what their source said: it would no longer be so.
  fileprivate func check(
    _ terms: SourceTerms, of source: SourceRecord, _ dividing: [SourceTerms.Term: GroupingRecord]
  ) throws {
    for term in SourceTerms.Term.allCases {
      guard let value = terms[term], value != source.terms[term], let grouping = dividing[term] else { continue }
      throw CohortError(
        .storeSourceTerms,
        "The \(term.rawValue) of source \"\(source.name)\" is \(source.terms[term].map { "\"\($0)\"" } ?? "not known"), "
          + "and cannot become \"\(value)\": grouping \"\(grouping.name)\" has divided its samples by it",
        hint: "Drop the grouping and create it again afterwards, or give the samples another --source")
    }
  }

  /// A grouping for each term that groupings divide by.
  fileprivate func groupingsByTerms() throws -> [SourceTerms.Term: GroupingRecord] {
    var found: [SourceTerms.Term: GroupingRecord] = [:]
    for grouping in try groupings() {
      guard let kind = grouping.definition.criterion as? AttributeKind, let term = SourceTerms.Term(attribute: kind.key)
      else { continue }
      found[term] = found[term] ?? grouping
    }
    return found
  }
}

extension WriteTransaction {
  /// Gives a source terms; those that are nil stay as they are. Logged if that changes something.
  ///
  /// While a grouping divides by a term, no source that is there may get another one: the groups would depend on when
  /// samples were looked at. A new source gets its terms with its first samples.
  /// - Parameter isNew: this transaction has made the source.
  /// - Throws: `store.source-terms`; `store.name` for a text that nothing can be called.
  func describe(_ id: SourceID, _ terms: SourceTerms, isNew: Bool) throws {
    guard !terms.isEmpty, var source = try reading.source(id) else { return }
    if !isNew { try reading.check(terms, of: source, try reading.groupingsByTerms()) }
    let before = source.terms
    for term in SourceTerms.Term.allCases {
      guard let value = terms[term] else { continue }
      try NameRule.check(value, of: term.rawValue)
      source.terms[term] = value
    }
    guard source.terms != before else { return }
    var writer = ByteWriter()
    source.terms.encode(into: &writer)
    try put(writer.bytes, SourceTerms.key(of: id), in: SourceTerms.table)
    try log(LogEvent.SourceDescribed(source: id, name: source.name, terms: source.terms))
  }
}
