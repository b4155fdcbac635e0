internal import CohortCore
internal import CohortPlanning
internal import CohortStore

/// The total lengths that a plan counts by.
struct TotalLengths {
  private let column: Column
  /// Nil for the store's own, which every sample has.
  private let measure: LengthMeasure?

  /// - Throws: `store.unknown-length-measure`.
  init(_ name: String?, _ transaction: borrowing ReadTransaction) throws {
    guard let name else {
      (column, measure) = (Column.totalLength, nil)
      return
    }
    let measure = try transaction.existingMeasure(name)
    (column, self.measure) = (measure.column(.total), measure)
  }

  /// The name of the measure; nil for the store's own.
  var name: String? { measure?.name }

  /// What the measure counts; nil for the store's own.
  var unit: LengthUnit? { measure?.unit }

  /// Tells it from another measure that has the name later; nil for the store's own.
  ///
  /// Not inlined: Swift 6.3 ends with an error of its own where it is.
  @inline(never) var measureID: MeasureID? { measure?.id }

  /// 0 for a sample that was deleted before it was measured.
  /// - Throws: `pipeline.not-measured`.
  func length(of id: SampleID, _ transaction: borrowing ReadTransaction) throws -> UInt32 {
    let length = try transaction.uint32(column, id)
    guard let measure, length == .max else { return length }
    guard try transaction.isDeleted(id) else {
      throw CohortError(
        .pipelineNotMeasured, "Samples of the snapshot are not measured by \"\(measure.name)\" yet",
        place: "sample \(id)", hint: "cohort update measures them")
    }
    return 0
  }

  /// Replaces the lengths of groups, which a snapshot knows by the store's own measure, and finds the longest members,
  /// which it does not know.
  /// - Complexity: O(samples of the snapshot).
  func measure(
    _ groups: inout [PopulationGroup], of grouping: GroupingID, in snapshot: SnapshotRecord,
    _ transaction: borrowing ReadTransaction
  ) throws {
    for index in groups.indices { (groups[index].longest, groups[index].meanLength) = (0, 0) }
    var measured = groups
    var index = 0
    var done: UInt64 = 0
    var sum: UInt64 = 0
    try transaction.forEachPiece(of: grouping, in: snapshot) { ids in
      for id in ids {
        while index < measured.count, done == measured[index].size { (index, done, sum) = (index + 1, 0, 0) }
        guard index < measured.count else { return false }
        let length = try self.length(of: id, transaction)
        if done == 0 || length > measured[index].longest {
          (measured[index].longest, measured[index].longestMember) = (length, done)
        }
        (done, sum) = (done + 1, sum + UInt64(length))
        if done == measured[index].size { measured[index].meanLength = Double(sum) / Double(done) }
      }
      return true
    }
    groups = measured
  }
}
