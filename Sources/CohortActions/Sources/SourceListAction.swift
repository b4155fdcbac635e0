internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `source list`: where samples came from, and how many of them are still there.
public struct SourceListAction: ListAction {
  public static let name = "source list"
  public var access: ActionAccess { .reads }
  public static let columns: [ReportColumn] = ["name", "samples", "deleted", "origin"]

  /// Lists every source that ever gave a sample.
  public init() {}

  /// Gives the sources in the order in which they came. - Complexity: O(samples), a column and the tombstones.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let rows = try store.read { transaction -> [ReportRecord] in
      var counts: [UInt32: (live: UInt64, deleted: UInt64)] = [:]
      try transaction.forEachBlock(of: [Column.source]) { block in
        for index in 0..<block.count {
          var count = counts[block.uint32(0, index)] ?? (0, 0)
          if block.isDeleted(index) { count.deleted += 1 } else { count.live += 1 }
          counts[block.uint32(0, index)] = count
        }
        return true
      }
      return try transaction.sources().map { source in
        let count = counts[source.id.rawValue] ?? (0, 0)
        return [
          "name": .text(source.name), "samples": .count(count.live), "deleted": .count(count.deleted),
          "origin": .text(source.origin),
        ]
      }
    }
    try rows.forEach(row)
  }
}
