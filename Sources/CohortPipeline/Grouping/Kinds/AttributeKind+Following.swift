internal import CohortClustering
internal import CohortCore
internal import CohortStore

extension AttributeKind: FeedKind {
  static func draft(
    _ argument: String, _ choices: GroupingChoices, _ context: borrowing GroupingDraft.Context
  ) throws -> GroupingDraft {
    GroupingDraft(GroupingDefinition(criterion: .attribute(argument)))
  }

  var dividesByContent: Bool { true }

  func changes(erasedLabelsFrom grouping: GroupingRecord?) -> any ChangeSource {
    AttributeChanges(key: key, erased: grouping)
  }
}

/// Changes with the text that one attribute had then.
private struct AttributeChanges: ChangeSource {
  let key: String
  /// Where labels of deleted samples are looked up that their grouping has seen; nil to take them as missing.
  let erased: GroupingRecord?

  mutating func records(_ feed: [FeedRecord], _ transaction: borrowing ReadTransaction) throws -> [ChangeRecord] {
    // Sources keep what they have while this grouping is there: the store refuses to change it.
    var texts = SourceTexts(key: key)
    // A deleted sample's payload is gone; engines find its group in the assignments.
    return try feed.changes {
      .label(try label(of: $0, after: .none, &texts, transaction))
    } removed: { _ in
      .label(nil)
    } relabelled: {
      .label(try label(of: $0, after: $1, &texts, transaction))
    }
  }

  /// - Parameter entry: the label that the sample had behind it; `.none` for the one that it came with.
  private func label(
    of id: SampleID, after entry: LogSequence, _ texts: inout SourceTexts, _ transaction: borrowing ReadTransaction
  ) throws -> String? {
    if let erased, try transaction.isDeleted(id) {
      // As it is now: its columns may be others than when the replay began.
      return try transaction.erasedLabel(of: id, after: entry, in: transaction.stored(erased))
    }
    var former: [UInt8]?
    try transaction.forEachFormerLabels(of: id, after: entry) {
      former = $0.attributes
      return former == nil
    }
    return try transaction.withLiveSample(id) { sample in
      let own =
        if let former { try former.withUnsafeBytes { try AttributeKind.value(of: key, in: $0, of: id) } } else {
          try AttributeKind.value(of: key, in: sample)
        }
      return try own ?? texts.text(of: sample.source, transaction)
    } ?? nil
  }
}

extension AttributeKind {
  /// The text of one attribute; nil when it is missing or null.
  /// - Throws: `pipeline.attributes`.
  static func value(of key: String, in sample: SampleView) throws -> String? {
    try text(in: sample.attributes, of: sample.id) { try AttributeText.find(key, in: $0) }
  }

  /// The same in attributes that a sample had once.
  static func value(of key: String, in attributes: UnsafeRawBufferPointer, of id: SampleID) throws -> String? {
    try text(in: attributes, of: id) { try AttributeText.find(key, in: $0) }
  }

  /// The same of an attribute that may lie in objects: `AttributeText.find(path:in:)`.
  static func value(ofPath path: String, in sample: SampleView) throws -> String? {
    try text(in: sample.attributes, of: sample.id) { try AttributeText.find(path: path, in: $0) }
  }

  private static func text(
    in attributes: UnsafeRawBufferPointer, of id: SampleID, _ find: (UnsafeRawBufferPointer) throws -> String?
  ) throws -> String? {
    guard !attributes.isEmpty else { return nil }
    do {
      return try find(attributes)
    } catch {
      throw CohortError(
        .pipelineAttributes, "The attributes of a sample are not a JSON object", place: "sample \(id)",
        cause: "\(error)")
    }
  }
}

/// The label of a deleted sample that is recorded nowhere.
struct ErasedLabel: Error {
  var sample: SampleID
}

extension ReadTransaction {
  /// The label under which a grouping saw, after an entry, a sample that was deleted since: that of the group that it left
  /// when its labels were changed next, or else of the group it is in, or was in.
  /// - Throws: `ErasedLabel` when no group is recorded.
  func erasedLabel(of id: SampleID, after entry: LogSequence, in grouping: GroupingRecord) throws -> String {
    var former: GroupID?
    try forEachFormerLabels(of: id, after: entry) {
      former = $0.groups[grouping.id]
      return former == nil
    }
    var group = try former ?? GroupID(uint32(grouping.groupColumn, id))
    if group == .unassigned {
      let distance = Float(bitPattern: try uint32(grouping.distanceColumn, id))
      guard let left = CohortClustering.Assignment.leftGroup(distance) else { throw ErasedLabel(sample: id) }
      group = left
    }
    guard case .label(let label) = try self.group(group, in: grouping.id)?.geometry else {
      throw ErasedLabel(sample: id)
    }
    return label
  }
}
