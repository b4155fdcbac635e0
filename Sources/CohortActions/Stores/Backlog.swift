internal import CohortPipeline
public import CohortStore

/// What waits in a store: for each embedding space, length measure and grouping, the samples that it has not seen.
public struct Backlog: Sendable {
  /// In the order in which they are brought up to date.
  public let parts: [(part: UpdatePart, samples: UInt64)]

  /// - Complexity: O(parts).
  public init(_ transaction: borrowing ReadTransaction) throws {
    let end = try transaction.counters.nextSample
    var parts: [(part: UpdatePart, samples: UInt64)] = []
    for space in try transaction.spaces() where !space.isGiven {
      parts.append((UpdatePart(kind: .space, name: space.name), try transaction.vectorCounts(in: space).pending))
    }
    for measure in try transaction.measures() {
      parts.append((UpdatePart(kind: .measure, name: measure.name), end - min(measure.rows, end)))
    }
    for grouping in try transaction.groupings() {
      parts.append((UpdatePart(kind: .grouping, name: grouping.name), end - min(grouping.rows, end)))
    }
    self.parts = parts
  }
}

extension UpdatePart {
  /// `space:default`
  public var text: String { "\(kind.rawValue):\(name)" }
}
