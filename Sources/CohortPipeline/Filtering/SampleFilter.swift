public import CohortCore
public import CohortStore

/// Which samples are meant, without naming each: all conditions that are given must hold. A filter without conditions
/// means every sample that is not deleted; ask `isEmpty` where that would be a mistake.
///
/// ```swift
/// var filter = SampleFilter()
/// filter.source = "crawl/part-1.jsonl"
/// filter.attributes = [try AttributeCondition(parsing: "language!=en")]
/// let ids = try store.read { try filter.ids(in: $0) }
/// ```
public struct SampleFilter: Hashable, Sendable {
  /// A group by its number, and the grouping that it is part of.
  public struct Membership: Hashable, Sendable {
    /// The group's number in its grouping.
    public var group: GroupID
    /// The grouping's name.
    public var grouping: String

    public init(group: GroupID, grouping: String) {
      self.group = group
      self.grouping = grouping
    }
  }

  /// The name of the source that samples came from.
  public var source: String?
  /// The label that samples have now.
  public var task: String?
  /// What the samples' attributes must be. Where a sample has no `licence`, `license` or `owner`, that of its source counts.
  public var attributes: [AttributeCondition]
  /// What must be said of the samples' source: its `licence` or `owner`.
  public var sourceTerms: [AttributeCondition] = []
  /// The group that samples are in, as of the grouping's last update.
  public var membership: Membership?

  public init(
    source: String? = nil, task: String? = nil, attributes: [AttributeCondition] = [], membership: Membership? = nil
  ) {
    self.source = source
    self.task = task
    self.attributes = attributes
    self.membership = membership
  }

  /// Whether no condition is given.
  public var isEmpty: Bool {
    source == nil && task == nil && attributes.isEmpty && sourceTerms.isEmpty && membership == nil
  }

  /// Reads `licence=TEXT` or `owner!=TEXT`, for `sourceTerms`.
  /// - Throws: `pipeline.condition`, also for any other key.
  public static func sourceCondition(parsing text: String) throws -> AttributeCondition {
    let condition = try AttributeCondition(parsing: text)
    _ = try term(of: condition)
    return condition
  }

  private static func term(of condition: AttributeCondition) throws -> SourceTerms.Term {
    guard let term = SourceTerms.Term(attribute: condition.key) else {
      throw CohortError(
        .pipelineCondition, "Sources have no '\(condition.key)'", hint: "They have a licence and an owner: licence=MIT")
    }
    return term
  }

  /// The samples that are not deleted and fulfil all conditions, ascending, as one state of the store has them.
  /// - Parameters:
  ///   - first: the least id that is looked at.
  ///   - limit: ends with so many; nil for all.
  /// - Throws: `store.unknown-source`, `store.unknown-task`, `store.unknown-grouping` with the closest name,
  ///   `pipeline.unknown-group`; `pipeline.interrupted` between two blocks; what is said of a damaged sample whose
  ///   attributes are asked for.
  /// - Complexity: O(rows) over the columns of source, task and group; a look-up for each sample that those leave when
  ///   attributes are asked for. Memory: the ids found.
  public func ids(
    in transaction: borrowing ReadTransaction, from first: SampleID = SampleID(0), limit: Int? = nil,
    control: JobControl = JobControl()
  ) throws -> [SampleID] {
    var columns: [Column] = []
    var wanted: [UInt32] = []
    if let source {
      columns.append(Column.source)
      wanted.append(try transaction.existingSource(source).id.rawValue)
    }
    if let task {
      columns.append(Column.task)
      wanted.append(try transaction.existingTask(task).id.rawValue)
    }
    if let membership {
      columns.append(try Self.grouping(of: membership, transaction).groupColumn)
      wanted.append(membership.group.rawValue)
    }
    let sources = try wantedSources(transaction)
    if sources != nil { columns.append(Column.source) }
    var texts = attributes.map { SourceTexts(key: $0.key) }
    var found: [SampleID] = []
    try transaction.forEachBlock(of: columns, in: first.rawValue..<UInt64.max) { block in
      for row in 0..<block.count where !block.isDeleted(row) {
        if let limit, found.count >= limit { return false }
        guard wanted.indices.allSatisfy({ block.uint32($0, row) == wanted[$0] }) else { continue }
        // Behind the columns that have one value.
        if let sources, !sources.contains(block.uint32(wanted.count, row)) { continue }
        let id = block.id(row)
        if try attributes.isEmpty || hasAttributes(id, &texts, transaction) { found.append(id) }
      }
      try control.checkpoint()
      return true
    }
    return found
  }

  /// The grouping of a group that is there.
  /// - Throws: `store.unknown-grouping`, `pipeline.unknown-group`.
  package static func grouping(
    of membership: Membership, _ transaction: borrowing ReadTransaction
  ) throws -> GroupingRecord {
    let grouping = try transaction.existingGrouping(membership.grouping)
    guard try transaction.group(membership.group, in: grouping.id) != nil else {
      throw CohortError(
        .pipelineUnknownGroup, "Grouping \"\(grouping.name)\" has no group \(membership.group)",
        hint: "See cohort group list --grouping \(grouping.name)")
    }
    return grouping
  }

  /// Those of some samples that a look-up found which are still meant: others may have deleted or relabelled some since. The
  /// group is not asked again: what counts is where a sample was when it was looked up.
  /// - Throws: as `ids(in:control:)`.
  /// - Complexity: a few look-ups a sample.
  package func stillMeant(_ ids: [SampleID], _ transaction: borrowing ReadTransaction) throws -> [SampleID] {
    let source = try source.map { try transaction.existingSource($0).id.rawValue }
    let task = try task.map { try transaction.existingTask($0).id.rawValue }
    let sources = try wantedSources(transaction)
    var texts = attributes.map { SourceTexts(key: $0.key) }
    var found: [SampleID] = []
    for id in ids where try !transaction.isDeleted(id) {
      let (own, label) = (try transaction.uint32(Column.source, id), try transaction.uint32(Column.task, id))
      guard source == nil || source == own, task == nil || task == label, sources?.contains(own) ?? true else {
        continue
      }
      if try attributes.isEmpty || hasAttributes(id, &texts, transaction) { found.append(id) }
    }
    return found
  }

  /// Numbers of the sources of which the right things are said; nil when all are right.
  private func wantedSources(_ transaction: borrowing ReadTransaction) throws -> Set<UInt32>? {
    guard !sourceTerms.isEmpty else { return nil }
    let conditions = try sourceTerms.map { (condition: $0, term: try Self.term(of: $0)) }
    let found = try transaction.sources().filter { source in
      conditions.allSatisfy { $0.condition.holds(for: source.terms[$0.term]) }
    }
    return Set(found.map(\.id.rawValue))
  }

  private func hasAttributes(
    _ id: SampleID, _ texts: inout [SourceTexts], _ transaction: borrowing ReadTransaction
  ) throws -> Bool {
    try transaction.withLiveSample(id) { sample in
      for (index, condition) in attributes.enumerated() {
        let text =
          try AttributeKind.value(ofPath: condition.key, in: sample)
          ?? texts[index].text(of: sample.source, transaction)
        guard condition.holds(for: text) else { return false }
      }
      return true
    } ?? false
  }
}
