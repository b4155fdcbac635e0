internal import CohortClustering
internal import CohortCore
internal import CohortStore
internal import Foundation

/// Turns the store's feed into what the clustering engine reads: each change with the label or length it divides by.
struct ChangeRecords {
  let definition: GroupingDefinition
  /// Where labels of deleted samples are looked up that their grouping has seen; nil to take them as missing.
  private let erased: GroupingRecord?
  private var labels: [TaskID: String] = [:]

  init(_ definition: GroupingDefinition, erasedLabelsFrom grouping: GroupingRecord? = nil) {
    self.definition = definition
    erased = grouping
  }

  mutating func records(
    _ feed: [FeedRecord], _ transaction: borrowing ReadTransaction
  ) throws -> [ChangeRecord] {
    if let column = try transaction.lengthColumn(of: definition) {
      return try feed.map { change in
        // A deleted sample keeps its lengths. One that was deleted before it was measured has none and no group either.
        switch change {
        case .added(let id): ChangeRecord(.inserted, id, .length(UInt64(try transaction.uint32(column, id))))
        case .removed(let id): ChangeRecord(.deleted, id, .length(UInt64(try transaction.uint32(column, id))))
        }
      }
    }
    var records: [ChangeRecord] = []
    records.reserveCapacity(feed.count)
    for change in feed {
      switch change {
      case .added(let id): records.append(ChangeRecord(.inserted, id, try feature(of: id, transaction)))
      case .removed(let id): records.append(ChangeRecord(.deleted, id, try removedFeature()))
      }
    }
    return records
  }

  private mutating func feature(of id: SampleID, _ transaction: borrowing ReadTransaction) throws
    -> ChangeRecord.Feature
  {
    switch definition.criterion {
    case .task: return .label(try label(TaskID(try transaction.uint32(Column.task, id)), transaction))
    case .attribute(let key):
      if let erased, try transaction.isDeleted(id) { return .label(try transaction.erasedLabel(of: id, in: erased)) }
      return .label(try transaction.withLiveSample(id) { try Self.attribute(key, $0) } ?? nil)
    case .embedding, .anchors: return .vector
    case .length, .product: throw noFeed
    }
  }

  private var noFeed: CohortError {
    CohortError(.pipelineNoFeed, "A product follows its factors, not the log")
  }

  /// A deleted sample's payload is gone; engines find its group in the assignments.
  private func removedFeature() throws -> ChangeRecord.Feature {
    switch definition.criterion {
    case .task, .attribute: .label(nil)
    case .embedding, .anchors: .vector
    case .length, .product: throw noFeed
    }
  }

  private mutating func label(_ task: TaskID, _ transaction: borrowing ReadTransaction) throws -> String? {
    if task == .missing { return nil }
    if let known = labels[task] { return known }
    let name = try transaction.task(task)?.name
    if let name { labels[task] = name }
    return name
  }

  /// The text of one attribute: strings as they are, numbers and truth values as JSON writes them, anything nested as
  /// JSON with sorted keys. Nil when it is missing or null.
  static func attribute(_ key: String, _ sample: SampleView) throws -> String? {
    guard !sample.attributes.isEmpty else { return nil }
    do {
      return try JSONDecoder().decode([String: AttributeValue].self, from: Data(sample.attributes))[key]?.text
    } catch {
      throw CohortError(
        .pipelineAttributes, "The attributes of a sample are not a JSON object", place: "sample \(sample.id)",
        cause: "\(error)")
    }
  }
}

/// The label of a deleted sample that is recorded nowhere.
struct ErasedLabel: Error {
  var sample: SampleID
}

extension ReadTransaction {
  /// The label under which a grouping saw a sample that was deleted since: that of the group it is in, or was in.
  /// - Throws: `ErasedLabel` when no group is recorded.
  fileprivate func erasedLabel(of id: SampleID, in grouping: GroupingRecord) throws -> String {
    var group = GroupID(try uint32(grouping.groupColumn, id))
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

extension GroupingDefinition.LengthPart {
  /// The column that holds its length by the store's own measure.
  var column: Column {
    switch self {
    case .prompt: .promptLength
    case .response: .responseLength
    case .total: .totalLength
    }
  }
}
