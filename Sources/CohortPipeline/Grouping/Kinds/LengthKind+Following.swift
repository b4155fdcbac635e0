internal import CohortClustering
internal import CohortCore
internal import CohortStore

extension LengthKind: FeedKind {
  static func draft(
    _ argument: String, _ choices: GroupingChoices, _ context: borrowing GroupingDraft.Context
  ) throws -> GroupingDraft {
    let edges: GroupingDefinition.Edges =
      if let edges = choices.edges {
        .given(edges)
      } else if let intervals = choices.intervals {
        .equalWidth(intervals)
      } else if choices.groupSize != nil {
        // One interval, which is split as it grows.
        .given([])
      } else {
        .quantiles(choices.quantiles ?? usualQuantiles)
      }
    let measure = argument.isEmpty || argument == SampleLengths.ownMeasure ? nil : argument
    if let measure { _ = try context.store.read { try $0.existingMeasure(measure) } }
    return GroupingDraft(
      GroupingDefinition(
        criterion: .length(choices.part ?? .response, edges, measure: measure),
        granularity: choices.groupSize.map { .groupSize($0) } ?? .automatic))
  }

  /// How many intervals there are when nobody says otherwise.
  private static let usualQuantiles = 8

  func changes(erasedLabelsFrom grouping: GroupingRecord?) -> any ChangeSource { LengthChanges(kind: self) }

  func lengthColumn(_ transaction: borrowing ReadTransaction) throws -> Column? {
    guard let measure else { return .length(of: part) }
    return try transaction.existingMeasure(measure).column(part)
  }
}

/// Changes with the lengths of the samples.
private struct LengthChanges: ChangeSource {
  let kind: LengthKind

  mutating func records(_ feed: [FeedRecord], _ transaction: borrowing ReadTransaction) throws -> [ChangeRecord] {
    guard let column = try kind.lengthColumn(transaction) else { return [] }
    // A deleted sample keeps its lengths. One that was deleted before it was measured has none and no group either.
    return try feed.changes {
      .length(UInt64(try transaction.uint32(column, $0)))
    } removed: {
      .length(UInt64(try transaction.uint32(column, $0)))
    }
  }
}
