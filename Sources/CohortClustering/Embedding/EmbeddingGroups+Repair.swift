internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// Step 5: every sample back on its nearest published centroid after some centroids moved or appeared.
extension EmbeddingGroups {
  /// What a repair knows before it looks at samples. It does not change while workers look at them.
  private struct Scope: Sendable {
    /// Slot of each group id; -1 for groups that are not open.
    var slots: [Int32]
    /// Per slot: whether its centroid is one of those that moved.
    var moved: [Bool]
    /// Whether all of them did, and all are compared: what is nearest among them is nearest.
    var areAllMoved: Bool
    /// Per slot: whether its centroid moved before and not everyone has been compared with it: what is stored of its
    /// members may be the distance to an earlier one.
    var isStale: [Bool]
    /// Per slot: samples at a squared distance below this cannot be nearer to a moved centroid. Infinite for groups out of
    /// range, negative for moved and stale ones.
    var safe: [Double]
    /// Which centroids can be nearer to which members; nil when none moved or all did.
    var sparing: Sparing?
    var orphans: Set<UInt32>
    var movedColumns: ColumnSet
    var everyone: ColumnSet
    /// Per slot: its column among `everyone`.
    var columns: [Int]
    var features: any SampleFeatures
    /// Whether a repair of everyone follows.
    var isLocal: Bool
    /// Whether moves are only proposed: with bounds on sizes they are decided one after the other.
    var isBounded: Bool
  }

  /// Groups near a moved centroid.
  private static let nearGroups = 16

  /// Samples a worker takes at a time, and samples looked at before what was found is applied.
  private static let slice = UInt64(Lane.mostSuspects)
  private static let span: UInt64 = 1 << 20

  /// Compares everyone, or those within the range of the options, with the centroids that are pending: without bounds on
  /// sizes every sample is on its nearest published centroid afterwards.
  /// - Parameter orphans: groups that were closed with members.
  mutating func repair(orphans: [GroupID] = [], _ context: inout RoundContext, _ work: Workspace) throws {
    let moved = work.pending.sorted()
    work.pending = []
    try repair(moved, orphans, isLocal: false, &context, work)
  }

  /// Compares the members of groups near to moved centroids with these: what the next split or swap has to see. They are
  /// pending until everyone has been compared with them.
  mutating func repair(
    near moved: [GroupID], orphans: [GroupID] = [], _ context: inout RoundContext, _ work: Workspace
  ) throws {
    try repair(moved, orphans, isLocal: true, &context, work)
  }

  /// A member of a group that did not move is compared with those moved centroids only that can be nearer than its own; if
  /// what is stored may be its distance to an earlier centroid, with all that moved. A member of a moved group, or of a
  /// closed one, is compared with the moved centroids. If one of them is nearer than its own was before, no unmoved one
  /// can be nearer still. (With bounds on sizes one may be that had no room before.) Otherwise it is compared with those
  /// that can be nearer than the nearest moved one: one by one if they are few, else with all.
  ///
  /// Which can be nearer is what `Sparing` says for certain, so nothing is decided by it.
  private mutating func repair(
    _ moved: [GroupID], _ orphans: [GroupID], isLocal: Bool, _ context: inout RoundContext, _ work: Workspace
  ) throws {
    let slots = moved.compactMap { slot(of: $0) }.sorted()
    guard !ids.isEmpty, !slots.isEmpty || !orphans.isEmpty else { return }
    let scope = try makeScope(slots, orphans, isLocal: isLocal, context, work)
    let end = min(context.frontier, context.overlay.table.sampleCount)
    for start in stride(from: 0, to: end, by: UInt64.Stride(Self.span)) {
      try Self.look(at: start..<min(start + Self.span, end), scope, context.overlay, work)
      if let bounds = work.bounds { try decideMoves(within: bounds, &context, work) }
      try collect(&context, work)
    }
    closeEmptyGroups(&context, work)
  }

  /// Lets the workers find what has to move. The overlay is theirs until this returns: a copy that lived longer would be
  /// copied out when it is written to.
  private static func look(
    at samples: Range<UInt64>, _ scope: Scope, _ overlay: AssignmentOverlay, _ work: Workspace
  ) throws {
    let lanes = work.lanes
    let isWorthwhile = Workers.isWorthwhile(samples.count * 8 * work.dimension)
    try work.workers.run(parts: (samples.count + Int(slice) - 1) / Int(slice), isWorthwhile: isWorthwhile) {
      let start = samples.lowerBound + UInt64($1) * slice
      try select(start..<min(start + slice, samples.upperBound), scope, overlay, lanes[$0])
    }
    try work.workers.run(parts: lanes.count, isWorthwhile: isWorthwhile) {
      try examine(scope, lanes[$1])
      examineFully(scope, lanes[$1])
    }
  }

  private func makeScope(
    _ moved: [Int], _ orphans: [GroupID], isLocal: Bool, _ context: RoundContext, _ work: Workspace
  ) throws -> Scope {
    var slots = [Int32](repeating: -1, count: Int(context.nextGroup))
    for (slot, id) in ids.enumerated() { slots[Int(id.rawValue)] = Int32(slot) }
    let everyone = everyone(work)
    var places = [Int](repeating: 0, count: ids.count)
    for (column, slot) in everyone.slots.enumerated() where slot >= 0 { places[slot] = column }
    let columns = ColumnSet(dimension: dimension, slots: moved, ids: ids.map(\.rawValue), vectors: centroids)
    var isMoved = [Bool](repeating: false, count: ids.count)
    for slot in moved { isMoved[slot] = true }
    let isStale = ids.map { work.pending.contains($0) }
    var safe = [Double](repeating: .infinity, count: ids.count)
    let areAllMoved = moved.count == ids.count && everyone.tree == nil
    var sparing: Sparing?
    if areAllMoved {
      safe = [Double](repeating: -1, count: ids.count)
    } else if !moved.isEmpty {
      let near = try groupsInRange(columns, everyone, isLocal: isLocal, work)
      let known = try Sparing(everyone, columns, isKept: options.keepsProducts, work)
      for slot in ids.indices where isMoved[slot] || near[slot] {
        safe[slot] = isMoved[slot] || isStale[slot] ? -1 : known.least[places[slot]]
      }
      sparing = known
    }
    return Scope(
      slots: slots, moved: isMoved, areAllMoved: areAllMoved, isStale: isStale,
      safe: safe, sparing: sparing, orphans: Set(orphans.map(\.rawValue)), movedColumns: columns,
      everyone: everyone, columns: places, features: context.features, isLocal: isLocal,
      isBounded: work.bounds != nil)
  }

  /// Groups among the `range` nearest of any moved centroid.
  private func groupsInRange(
    _ columns: ColumnSet, _ everyone: ColumnSet, isLocal: Bool, _ work: Workspace
  ) throws -> [Bool] {
    let range = isLocal ? Self.nearGroups : work.isUnlimited ? 0 : options.range(total: total)
    guard range > 0, range < ids.count else { return [Bool](repeating: true, count: ids.count) }
    let (path, lanes, width) = (work.path, work.lanes, ColumnSet.panels(everyone.count))
    let nearest = try work.workers.map(
      columns.count, isWorthwhile: Workers.isWorthwhile(ids.count * columns.count * dimension)
    ) { worker, column in
      lanes[worker].scores.withRoom(for: width) { products in
        let row = columns.plain(column)
        cohort_inner_products(path, row, 1, columns.dimension, everyone.packed, everyone.count, products, width)
        return everyone.nearest(range, to: row, products, path).map { everyone.slots[$0] }
      }
    }
    var near = [Bool](repeating: false, count: ids.count)
    for slot in nearest.joined() { near[slot] = true }
    return near
  }

  // MARK: What a worker does

  /// Finds the samples that a moved centroid may attract, and passes them on.
  private static func select(
    _ samples: Range<UInt64>, _ scope: Scope, _ overlay: AssignmentOverlay, _ lane: Lane
  ) throws {
    for suspects in [lane.certain, lane.few, lane.many] { suspects.removeAll() }
    try overlay.scan(samples) { first, groups, stored in
      for i in 0..<groups.count where groups[i] != UInt32.max && stored[i].sign == .plus {
        let (sample, group, distance) = (first + UInt64(i), Int(groups[i]), stored[i])
        let slot = group < scope.slots.count ? Int(scope.slots[group]) : -1
        if slot >= 0, Double(distance) < scope.safe[slot] { continue }
        if slot < 0, !scope.orphans.contains(groups[i]) {
          throw CohortError.damagedState(
            "A sample belongs to a group that is not there", place: "sample \(sample), group \(group)")
        }
        choose(sample, slot, distance, scope, lane)
      }
    }
    let columns = scope.movedColumns
    if columns.count > 0 {
      lane.statistics.innerProducts += UInt64((lane.many.count + lane.certain.count) * columns.count)
      lane.statistics.partialChecks += lane.few.count + lane.many.count + lane.certain.count
    }
    for i in 0..<lane.certain.count { try enqueue(lane.certain[i], scope, lane) }
    for suspects in [lane.few, lane.many] {
      let near = try lane.filter.near(suspects.candidates, to: columns, scope.features, lane.path)
      for i in near { try enqueue(suspects[i], scope, lane) }
    }
  }

  /// Puts a sample on the right list: members of moved groups, those with few columns to fear, and others.
  @inline(__always)
  private static func choose(_ sample: UInt64, _ slot: Int, _ distance: Float, _ scope: Scope, _ lane: Lane) {
    guard slot >= 0, !scope.moved[slot], let sparing = scope.sparing else {
      return lane.certain.add(sample, slot: slot, distance)
    }
    guard !scope.isStale[slot] else { return lane.many.add(sample, slot: slot, distance) }
    let choices = lane.few.nextChoices
    let count = sparing.forEachMoved(
      near: scope.columns[slot], within: distance, atMost: Suspects.mostChoices
    ) { choices[$0] = UInt32($1) }
    if count > Suspects.mostChoices {
      lane.many.add(sample, slot: slot, distance)
    } else if count > 0 {
      lane.few.add(sample, slot: slot, distance, choices: count)
      lane.statistics.innerProducts += UInt64(count)
    }
  }

  private static func enqueue(
    _ suspect: (sample: UInt64, slot: Int32, distance: Float), _ scope: Scope, _ lane: Lane
  ) throws {
    lane.queue.append(suspect.sample)
    lane.queueOrigins.append((suspect.slot, suspect.distance))
    if lane.queue.count == lane.block.capacity { try examine(scope, lane) }
  }

  /// Compares the queued samples with the moved centroids and decides; passes on those that have to be compared with all.
  private static func examine(_ scope: Scope, _ lane: Lane) throws {
    guard !lane.queue.isEmpty else { return }
    let columns = scope.movedColumns
    // Most samples are ruled out by the scores: only the others are normalised.
    try lane.block.readMembers(lane.queue, scope.features, lane.path)
    if columns.count > 0 { lane.block.compare(with: columns, lane.path) }
    for i in 0..<lane.block.count {
      let (slot, before) = lane.queueOrigins[i]
      if slot >= 0, !scope.moved[Int(slot)] {
        // Rows have length 1 within 1e-6: this is below the true squared distance to every moved centroid.
        let least = 1 + 2 * (Double(lane.block.result(i).best) - columns.scoreError) - 1e-6
        guard least <= Double(before) * (1 + 1e-6) else { continue }
      }
      lane.block.normalize(i, lane.path)
      guard let row = lane.block.pointer(i), let nearest = lane.decide(i, of: lane.block, among: columns)
      else {
        putAside(i, slot, scope, lane)
        continue
      }
      if slot < 0, !scope.areAllMoved {
        settleOrPutAside(i, slot, nearest, scope, lane)
        continue
      }
      let target = Int32(columns.slots[nearest.column])
      let isMember = slot < 0 || scope.moved[Int(slot)]
      if isMember, scope.areAllMoved || (Float(nearest.distance) < before && !scope.isBounded) {
        move(row, lane.block.samples[i], from: slot, to: target, nearest.distance, scope, lane)
        continue
      }
      let own = scope.everyone.distance(row, to: scope.columns[Int(slot)], lane.path)
      if isMember, Float(own) != before || scope.isBounded {
        settleOrPutAside(i, slot, nearest, scope, lane)
        continue
      }
      // Its own centroid may have moved in this round without its being compared with everyone: the last repair sees to it.
      if scope.isLocal, Float(nearest.distance) >= before { continue }
      if nearest.distance < own || (nearest.distance == own && target < slot) {
        move(row, lane.block.samples[i], from: slot, to: target, nearest.distance, scope, lane)
      }
    }
    lane.queue.removeAll(keepingCapacity: true)
    lane.queueOrigins.removeAll(keepingCapacity: true)
  }

  /// Compares a sample whose nearest moved centroid is known with the few others that can be nearer; with all if there are
  /// more.
  private static func settleOrPutAside(
    _ i: Int, _ slot: Int32, _ nearest: (column: Int, distance: Double), _ scope: Scope, _ lane: Lane
  ) {
    let everyone = scope.everyone
    guard everyone.tree == nil, let sparing = scope.sparing, let row = lane.block.pointer(i) else {
      return putAside(i, slot, scope, lane)
    }
    let limit = Float(nearest.distance).nextUp
    let count = sparing.forEachOfEveryone(near: nearest.column, within: limit, atMost: Lane.mostRivals) {
      lane.rivals[$0] = $1
    }
    guard count <= Lane.mostRivals else { return putAside(i, slot, scope, lane) }
    var (best, distance) = (scope.columns[scope.movedColumns.slots[nearest.column]], nearest.distance)
    for rival in lane.rivals[..<count] where rival != best {
      let other = everyone.distance(row, to: rival, lane.path)
      if other < distance || (other == distance && everyone.id(rival) < everyone.id(best)) {
        (best, distance) = (rival, other)
      }
    }
    lane.statistics.innerProducts += UInt64(count)
    move(row, lane.block.samples[i], from: slot, to: Int32(everyone.slots[best]), distance, scope, lane)
  }

  private static func putAside(_ i: Int, _ slot: Int32, _ scope: Scope, _ lane: Lane) {
    lane.full.append(i, of: lane.block)
    lane.fullOrigins.append(slot)
    if lane.full.count == lane.full.capacity { examineFully(scope, lane) }
  }

  /// Compares the samples put aside with all centroids.
  private static func examineFully(_ scope: Scope, _ lane: Lane) {
    guard lane.full.count > 0 else { return }
    let columns = scope.everyone
    lane.full.compare(with: columns, lane.path)
    lane.statistics.innerProducts += UInt64(lane.full.count * columns.count)
    lane.statistics.fullChecks += lane.full.count
    for (i, sample) in lane.full.samples.enumerated() {
      guard let row = lane.full.pointer(i), var nearest = lane.decide(i, of: lane.full, among: columns) else {
        continue
      }
      if columns.tree != nil, lane.fullOrigins[i] >= 0 {
        // The tree may have missed even the centroid that the sample comes from.
        let own = scope.columns[Int(lane.fullOrigins[i])]
        let distance = columns.distance(row, to: own, lane.path)
        if distance < nearest.distance { nearest = (own, distance) }
      }
      move(
        row, sample, from: lane.fullOrigins[i], to: Int32(columns.slots[nearest.column]), nearest.distance, scope, lane)
    }
    lane.full.removeAll()
    lane.fullOrigins.removeAll(keepingCapacity: true)
  }

  /// Moves a sample, or renews its distance when it stays. `from` is -1 for a member of a closed group.
  private static func move(
    _ row: UnsafePointer<Float>, _ sample: UInt64, from: Int32, to: Int32, _ distance: Double, _ scope: Scope,
    _ lane: Lane
  ) {
    if from != to, !scope.isBounded {
      if from >= 0 { lane.sums.subtract(row, from: Int(from), lane.path) }
      lane.sums.add(row, to: Int(to), lane.path)
    }
    lane.moves.append(Lane.Move(sample: sample, from: from, to: to, distance: Float(distance)))
  }
}
