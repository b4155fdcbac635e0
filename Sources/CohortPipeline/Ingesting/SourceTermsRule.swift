internal import CohortCore
internal import CohortIngestion
internal import CohortStore

/// Where the licence and the owner of the sources that a call reads come from.
public struct SourceTermsRule: Hashable, Sendable {
  /// Where one term comes from.
  public enum Origin: Hashable, Sendable {
    /// The same for every source.
    case text(String)
    /// The attribute of the source's first records that has this key (`a.b` reaches into objects): the first value found.
    case field(String)
  }

  /// Nil: nothing is said about it.
  public var licence: Origin?
  /// Nil: nothing is said about it.
  public var owner: Origin?

  /// Says nothing.
  public init() {}

  subscript(term: SourceTerms.Term) -> Origin? {
    switch term {
    case .licence: licence
    case .owner: owner
    }
  }

  /// What is the same for every source.
  var fixed: SourceTerms {
    var terms = SourceTerms()
    for term in SourceTerms.Term.allCases {
      if case .text(let text) = self[term] { terms[term] = text }
    }
    return terms
  }

  var isEmpty: Bool { licence == nil && owner == nil }

  /// Terms that a source is about to get, without those that a field decided and that do not suit it any more: another job
  /// may have given it some since its first records were read, or may have begun to divide by them. A source keeps what it
  /// has.
  func settled(
    _ terms: SourceTerms, of name: String, _ transaction: borrowing ReadTransaction
  ) throws -> SourceTerms {
    guard terms != fixed, let source = try transaction.sourceIfKnown(named: name) else { return terms }
    var settled = terms
    for term in SourceTerms.Term.allCases {
      guard case .field = self[term] else { continue }
      var only = SourceTerms()
      only[term] = terms[term]
      let isWelcome = source.terms[term] == nil || source.terms[term] == terms[term]
      if try !isWelcome || !transaction.mayGive(only, to: source) { settled[term] = nil }
    }
    return settled
  }
}

/// Finds the terms of each source while its batches pass, in order.
///
/// A field decides for a source that has no such term yet, by the records of its first batch. A source keeps what it has,
/// and records that name something else are counted.
struct SourceTermsReader {
  private struct Others {
    var records: UInt64 = 0
    var sources: UInt64 = 0
    var path = ""
  }

  private let rule: SourceTermsRule
  private var source: SourceDescription?
  /// What is given to the source that passes, and what it has then.
  private var given = SourceTerms()
  private var present = SourceTerms()
  private var others: [SourceTerms.Term: Others] = [:]
  /// What sources were given here: it may not be committed yet.
  private var givenHere: [String: SourceTerms] = [:]
  /// Terms of which a record of the source that passes named another one.
  private var differing: Set<SourceTerms.Term> = []

  init(_ rule: SourceTermsRule) { self.rule = rule }

  /// What the source of a batch gets.
  mutating func terms(of batch: SourceBatch, _ store: Store) throws -> SourceTerms {
    if rule.isEmpty { return SourceTerms() }
    let isFirst = source != batch.source
    if isFirst {
      source = batch.source
      (given, present, differing) = (rule.fixed, rule.fixed, [])
    }
    for term in SourceTerms.Term.allCases {
      guard case .field(let key) = rule[term] else { continue }
      let values = try Self.values(of: key, in: batch.batch)
      if isFirst { try begin(term, with: values.first, batch.source, store) }
      let count = values.filter { $0 != present[term] }.count
      guard count > 0 else { continue }
      others[term, default: Others()].records += UInt64(count)
      guard differing.insert(term).inserted else { continue }
      others[term, default: Others()].sources += 1
      if others[term]?.sources == 1 { others[term]?.path = batch.source.path }
    }
    return given
  }

  /// What people should know in the end.
  var notes: [IngestionNote] {
    SourceTerms.Term.allCases.compactMap { term in
      guard let others = others[term], case .field(let key) = rule[term] else { return nil }
      return IngestionNote(
        path: others.path,
        message: "\(others.records) records of \(others.sources) sources (this is the first) name another "
          + "\(term.rawValue) in '\(key)' than their source has; group them by attribute:\(key) to keep them apart")
    }
  }

  private mutating func begin(
    _ term: SourceTerms.Term, with value: String?, _ source: SourceDescription, _ store: Store
  ) throws {
    var terms = SourceTerms()
    terms[term] = value
    let (known, mayBeGiven) = try store.read { transaction -> (String?, Bool) in
      guard let record = try transaction.sourceIfKnown(named: source.name) else { return (nil, true) }
      return (record.terms[term], try transaction.mayGive(terms, to: record))
    }
    let present = givenHere[source.name]?[term] ?? known
    self.present[term] = present
    guard present == nil, mayBeGiven, let value else { return }
    given[term] = value
    self.present[term] = value
    givenHere[source.name, default: SourceTerms()][term] = value
  }

  /// The values that a source can have, of the records that have one.
  private static func values(of key: String, in batch: SampleBatch) throws -> [String] {
    try batch.arena.withUnsafeBytes { arena in
      try batch.rows.compactMap { row in
        guard !row.attributes.isEmpty else { return nil }
        let text = try AttributeText.find(path: key, in: UnsafeRawBufferPointer(rebasing: arena[row.attributes]))
        return text.flatMap { (try? NameRule.check($0, of: "term")) == nil ? nil : $0 }
      }
    }
  }
}
