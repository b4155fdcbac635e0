internal import CohortCore

/// What batches are made from: a group, or a group with those folded into it. Its *members* are numbered `[0, count)`
/// through its segments.
///
/// 64 bytes: a plan over 100,000 groups is read for one batch, and its memory is most of what that costs.
struct Unit: Sendable {
  /// The group that gives the unit its name and its randomness.
  let lead: GroupID
  /// Greatest length of a member.
  private(set) var longest: UInt32 = 0
  private let firstSegment: UInt32
  private var segmentCount: UInt32 = 0
  private var fullBatch: UInt32 = 1
  /// Members.
  private(set) var count: UInt64 = 0
  /// Samples an epoch gives, after the tail policy.
  private(set) var given: UInt64 = 0
  /// Batches of this unit alone.
  private(set) var batches: UInt64 = 0
  /// Mean length of the members.
  private(set) var meanLength: Double = 0
  /// `UInt64.max` when it is not known.
  private var longestIndex = UInt64.max

  init(lead: GroupID, firstSegment: Int) {
    self.lead = lead
    self.firstSegment = UInt32(firstSegment)
  }

  /// Its parts, as a range of `PlanLayout.segments`.
  var segments: Range<Int> { Int(firstSegment)..<Int(firstSegment) + Int(segmentCount) }
  /// Samples of a full batch.
  var batchSize: UInt64 { UInt64(fullBatch) }
  /// A member with the greatest length, when known.
  var longestMember: UInt64? { longestIndex == .max ? nil : longestIndex }

  /// Adds a group's members as the next segment.
  mutating func append(_ group: PlanGroup) {
    if group.longest > longest || segmentCount == 0 {
      longestIndex = group.longestMember.map { count + $0 } ?? .max
      longest = group.longest
    } else if group.longest == longest, longestIndex == .max, let member = group.longestMember {
      longestIndex = count + member
    }
    let rows = Double(count) + Double(group.size)
    meanLength =
      segmentCount == 0 ? group.meanLength : (meanLength * Double(count) + group.meanLength * Double(group.size)) / rows
    count += group.size
    segmentCount += 1
  }

  /// Items that this unit's own batches take; the rest of `given` goes into the pool.
  var batched: UInt64 { min(given, batches * batchSize) }
  /// Items that go into the pool.
  var pooled: UInt64 { given - batched }

  /// Applies the tail policy to the samples of an epoch: `quota`, in batches of at most `batchSize`.
  mutating func settle(quota: UInt64, batchSize: UInt64, tail: PlanConfiguration.Tail) {
    fullBatch = UInt32(batchSize)
    let (full, rest) = quota.quotientAndRemainder(dividingBy: batchSize)
    switch tail {
    case .fill:
      batches = full + (rest == 0 ? 0 : 1)
      given = batches * batchSize
    case .short:
      batches = full + (rest == 0 ? 0 : 1)
      given = quota
    case .drop:
      batches = full
      given = full * batchSize
    case .pool:
      batches = full
      given = quota
    }
  }
}

/// A part of a unit: consecutive members at consecutive positions.
struct UnitSegment: Sendable {
  /// The unit's member with which it begins.
  var member: UInt64
  /// The position of that member.
  var position: UInt64
}
