public import CohortCore

/// What a plan keeps of one group of its population.
public struct PlanGroup: Hashable, Sendable {
  /// The group's id in its grouping; ascending in a plan.
  public let id: GroupID
  /// The greatest total length of a member.
  public let longest: UInt32
  /// Members in the snapshot.
  public let size: UInt64
  /// The position of the group's first member.
  public let offset: UInt64
  /// The mean total length of the members.
  public let meanLength: Double
  /// `UInt64.max` when it is not known.
  private let longestIndex: UInt64

  init(
    id: GroupID, size: UInt64, offset: UInt64, longest: UInt32, meanLength: Double, longestMember: UInt64?
  ) {
    self.id = id
    self.longest = longest
    self.size = size
    self.offset = offset
    self.meanLength = meanLength
    longestIndex = longestMember ?? .max
  }

  /// A member with the greatest length, as an index within the group, when known.
  public var longestMember: UInt64? { longestIndex == .max ? nil : longestIndex }
}
