internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// Changes of the tables: groups open, move and close.
extension EmbeddingGroups {
  /// Opens a group without members at the last slot.
  mutating func open(
    _ centroid: some Collection<Float>, parent: GroupID?, _ context: inout RoundContext, _ work: Workspace
  ) throws -> GroupID {
    let id = try context.newGroup()
    ids.append(id)
    counts.append(0)
    lineages.append(GroupLineage(born: context.outcome.position, parent: parent))
    gains.append(nil)
    centroids.append(contentsOf: centroid)
    sums.append(contentsOf: repeatElement(0, count: dimension))
    context.touch(id)
    work.pending.insert(id)
    centroids.withUnsafeBufferPointer {
      work.everyone?.append(
        UnsafeBufferPointer(rebasing: $0[($0.count - dimension)...]), slot: ids.count - 1, id: id.rawValue)
    }
    return id
  }

  /// Closes a group; its members, if any, are looked after by the caller.
  mutating func close(_ slot: Int, heir: GroupID?, _ context: inout RoundContext, _ work: Workspace) {
    var record = record(at: slot, live: false)
    record.lineage.closed = context.outcome.position
    record.lineage.heir = heir
    record.count = 0
    context.close(record)
    work.halves[ids[slot]] = nil
    work.pending.remove(ids[slot])
    work.everyone?.remove(slot: slot)
    let values = (slot * dimension)..<((slot + 1) * dimension)
    ids.remove(at: slot)
    counts.remove(at: slot)
    lineages.remove(at: slot)
    gains.remove(at: slot)
    centroids.removeSubrange(values)
    sums.removeSubrange(values)
  }

  mutating func closeEmptyGroups(_ context: inout RoundContext, _ work: Workspace) {
    for slot in ids.indices.reversed() where counts[slot] == 0 {
      context.outcome.events.append(
        GroupEvent(.closed, position: context.outcome.position, child: ids[slot], count: 0))
      close(slot, heir: nil, &context, work)
    }
  }

  /// Everyone has to be compared with the centroid from now on.
  mutating func publish(_ values: some Collection<Float>, at slot: Int, _ work: Workspace) {
    work.pending.insert(ids[slot])
    let start = slot * dimension
    for (i, value) in values.enumerated() { centroids[start + i] = value }
    guard let everyone = work.everyone, let column = everyone.slots.firstIndex(of: slot) else { return }
    centroids.withUnsafeBufferPointer {
      everyone.replace(column, UnsafeBufferPointer(rebasing: $0[start..<(start + dimension)]))
    }
  }

  /// Step 2: publishes live means once a published centroid costs more than 1 % of its group's summed squared distance,
  /// less if there are few groups. Then those that cost over three quarters of that are published as well: one repair
  /// serves them all, and the next rounds need none.
  /// - Returns: the groups whose centroid moved, ascending.
  @discardableResult
  mutating func republish(
    _ groups: [GroupID], _ context: inout RoundContext, _ work: Workspace
  ) -> [GroupID] {
    let measured = groups.compactMap { group -> (slot: Int, error: Double, drift: Double)? in
      guard let slot = slot(of: group), counts[slot] > 0 else { return nil }
      let (error, drift) = measure(slot, work.path)
      return (slot, error, drift)
    }
    let limit = publicationError
    guard measured.contains(where: { $0.drift > limit * $0.error }) else { return [] }
    var moved: [GroupID] = []
    for (slot, error, drift) in measured where drift > limit * Self.publicationShare * error {
      publish(mean(of: slot), at: slot, work)
      context.touch(ids[slot])
      context.outcome.statistics.republished += 1
      context.outcome.events.append(
        GroupEvent(
          .republished, position: context.outcome.position, child: ids[slot], count: counts[slot], gain: drift))
      moved.append(ids[slot])
    }
    return moved
  }

  /// With fewer groups than this a repair is cheap beside reading the samples, so centroids follow more closely.
  private static let groupsOfUsualError = 128
  private static let usualPublicationError = 0.01
  static let publicationShare = 0.75

  private var publicationError: Double {
    Self.usualPublicationError * Double(min(ids.count, Self.groupsOfUsualError)) / Double(Self.groupsOfUsualError)
  }

  /// The summed squared distance to the live mean (at least 1e-9 a member, the rounding of the vectors), and how much
  /// more it is to the published centroid.
  func measure(_ slot: Int, _ path: cohort_path) -> (error: Double, drift: Double) {
    let count = Double(counts[slot])
    var norm = 0.0
    var drift = 0.0
    sums.withUnsafeBufferPointer { sums in
      centroids.withUnsafeBufferPointer { centroids in
        guard let sum = sums.baseAddress, let centroid = centroids.baseAddress else { return }
        cohort_sum_measure(
          path, sum + slot * dimension, count, centroid + slot * dimension, dimension, &norm, &drift)
      }
    }
    return (max(count - norm / count, count * 1e-9), count * drift)
  }

  /// The live mean, rounded to Float32.
  func mean(of slot: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: dimension) { buffer, filled in
      sums.withUnsafeBufferPointer { sums in
        guard let sum = sums.baseAddress, let mean = buffer.baseAddress else { return }
        cohort_sum_mean(sum + slot * dimension, Double(counts[slot]), mean, dimension)
        filled = dimension
      }
    }
  }

  /// All published centroids, packed.
  /// - Parameter isExact: whether rows are to be compared with all of them even if there are very many.
  func everyone(_ work: Workspace, isExact: Bool = false) -> ColumnSet {
    if let known = work.everyone { return known }
    let set = ColumnSet(
      dimension: dimension, slots: ids.indices, ids: ids.map(\.rawValue), vectors: centroids)
    if !isExact, ids.count > options.mostSearched { set.divide(work.path) }
    work.everyone = set
    return set
  }
}
