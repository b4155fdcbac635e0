internal import CohortCore
internal import CohortKernels

/// Lloyd passes over everyone, between rounds or at the guard's wish.
extension EmbeddingGroups {
  /// Swaps of a pass, as a share of the groups.
  static let refinementSwaps = 16

  /// The tail, one pass, then the swaps that pay; swaps that turn out not to are taken back.
  mutating func refine(_ tail: [ChangeRecord], _ context: inout RoundContext) throws {
    context.outcome.events.append(GroupEvent(.refined, position: context.outcome.position, count: 0))
    noteRules(&context)
    if !tail.isEmpty { try apply(tail, &context) }
    let work = Workspace(dimension: dimension, path: context.path, workers: context.workers)
    work.isUnlimited = true
    work.bounds = sizeBounds
    let before = summedError(work.path)
    try lloydPass(&context, work)
    // Swaps would have to be balanced again.
    defer {
      context.outcome.events[0].count = total
      context.outcome.events[0].gain = before - summedError(work.path)
    }
    guard !isBalanced else { return }
    let (groups, soFar, reached) = (self, context, summedError(work.path))
    try swap(atMost: max(Self.leastSwaps, ids.count / Self.refinementSwaps), &context, work)
    if summedError(work.path) > reached { (self, context) = (groups, soFar) }
  }

  /// Publishes every live mean that is not published, and puts all samples on their nearest centroids.
  mutating func lloydPass(_ context: inout RoundContext, _ work: Workspace) throws {
    for slot in ids.indices where counts[slot] > 0 {
      let mean = mean(of: slot)
      guard !centroids[(slot * dimension)..<((slot + 1) * dimension)].elementsEqual(mean) else { continue }
      let drift = measure(slot, work.path).drift
      publish(mean, at: slot, work)
      context.touch(ids[slot])
      context.outcome.statistics.republished += 1
      context.outcome.events.append(
        GroupEvent(
          .republished, position: context.outcome.position, child: ids[slot], count: counts[slot], gain: drift))
    }
    // Where repairs have a range, samples may be misplaced whose centroids did not move.
    if options.range(total: total) > 0 { work.pending.formUnion(ids) }
    try repair(&context, work)
  }

  /// The summed squared distance of all members to their published centroids, by the sums: no scan.
  func summedError(_ path: cohort_path) -> Double {
    ids.indices.reduce(0.0) { sum, slot in
      guard counts[slot] > 0 else { return sum }
      let (error, drift) = measure(slot, path)
      return sum + error + drift
    }
  }
}
