public import CohortCore

/// One group of a snapshot, as much of it as a plan needs to know.
public struct PopulationGroup: Hashable, Sendable {
  /// The group's id in its grouping; `GroupID.unassigned` for the samples that have none, last.
  public var id: GroupID
  /// Members in the snapshot. Empty groups are allowed; they take part in nothing.
  public var size: UInt64
  /// Where the group lies, for folding and pooling.
  public var geometry: GroupGeometry
  /// The greatest total length of a member, in the store's length unit.
  public var longest: UInt32
  /// The mean total length of the members, for `curriculum`.
  public var meanLength: Double
  /// Index within the group of a member that has the length `longest`, when it is known: `longestFirst` then puts the
  /// batch with that very member first.
  public var longestMember: UInt64?

  public init(
    id: GroupID, size: UInt64, geometry: GroupGeometry, longest: UInt32, meanLength: Double,
    longestMember: UInt64? = nil
  ) {
    self.id = id
    self.size = size
    self.geometry = geometry
    self.longest = longest
    self.meanLength = meanLength
    self.longestMember = longestMember
  }
}

/// The groups of a snapshot under one grouping: what a plan is made from.
///
/// A *position* is an index into the snapshot's membership order: its ids sorted by (group, id), so that group g
/// occupies `[offset, offset + size)` where the offset is the sum of the sizes before it. Plans work with positions
/// only; the store turns them into sample ids.
public struct Population: Hashable, Sendable {
  /// In ascending group id.
  public var groups: [PopulationGroup]
  /// Content hash of the snapshot's membership, given by the store.
  public var digest: Digest128
  /// The name that the user gave the snapshot; part of the plan's bytes and so of its hash.
  public var snapshotName: String
  /// The store that the snapshot is in; part of the plan's bytes and so of its hash.
  public var storeID: Digest128

  public init(groups: [PopulationGroup], digest: Digest128, snapshotName: String, storeID: Digest128) {
    self.groups = groups
    self.digest = digest
    self.snapshotName = snapshotName
    self.storeID = storeID
  }

  /// The most rows a population may have: 2⁴⁸.
  public static let greatestSize: UInt64 = 1 << 48

  /// Refuses what no snapshot can have: ids out of order, sizes without bounds, lengths and centroids that are not
  /// numbers, centroids of different dimensions.
  func validate() throws {
    var total: UInt64 = 0
    var previous: GroupID?
    var dimension: Int?
    for group in groups {
      if let previous, previous >= group.id {
        throw CohortError.population("group \(group.id)", "ids must ascend, \(previous) came before")
      }
      previous = group.id
      guard group.size <= Self.greatestSize, total + group.size <= Self.greatestSize else {
        throw CohortError.population("group \(group.id)", "more than \(Self.greatestSize) rows")
      }
      total += group.size
      guard group.meanLength.isFinite, group.meanLength >= 0 else {
        throw CohortError.population("group \(group.id)", "mean length \(group.meanLength)")
      }
      if let member = group.longestMember, member >= group.size {
        throw CohortError.population("group \(group.id)", "longest member \(member) of \(group.size)")
      }
      if case .centroid(let values) = group.geometry {
        // Beyond that, squares of distances overflow.
        guard values.allSatisfy({ abs($0) <= 1e15 }) else {
          throw CohortError.population("group \(group.id)", "its centroid has a value that is no usable number")
        }
        guard values.count == dimension ?? values.count else {
          throw CohortError.population(
            "group \(group.id)", "its centroid has \(values.count) values, others have more or fewer")
        }
        dimension = values.count
      }
    }
    guard total > 0 else {
      throw CohortError(
        .planningEmptyPopulation, "the snapshot has no rows under this grouping", place: snapshotName,
        hint: "Ingest and cluster samples, then take a new snapshot")
    }
  }
}
