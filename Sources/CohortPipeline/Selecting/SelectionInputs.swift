internal import CohortCore
internal import CohortEmbedding
internal import CohortSelection
internal import CohortStore

/// What a selection is chosen from: the rows of a snapshot with their clusters, strata and lengths.
struct SelectionInputs {
  let snapshot: SnapshotRecord
  var recipe: SelectionRecipe
  /// Everything but what other selections exclude, kept rows marked.
  var pool: SelectionPool
  let space: EmbeddingSpace?
  let grouping: SnapshotGrouping?
  /// Whether the request named it.
  private(set) var isGroupingNamed = false
  /// The example of each row of the pool; nil for one without. Empty where all samples of an example may be chosen.
  var examples: [UInt32?] = []
  /// Names of the strata; empty where there are none.
  var strata: [String] = []
  /// Samples of the snapshot that were deleted since, that other selections exclude, and that were to be kept and are gone.
  var deleted: UInt64 = 0
  var excluded: UInt64 = 0
  var lost: UInt64 = 0

  /// What a request asks for.
  /// - Throws: `store.unknown-…`, `pipeline.not-in-snapshot`; `selection.no-vectors` where a method needs clusters or
  ///   vectors and there are none; `selection.budget`, `selection.option`.
  /// - Complexity: O(ids of the store) time and memory: 4 bytes each, and 16 to 28 for each of the snapshot.
  init(_ request: SelectionRequest, _ transaction: borrowing ReadTransaction) throws {
    try request.budget.check()
    let snapshot = try transaction.existingSnapshot(request.snapshot)
    let options = SelectionOptions(
      method: request.method, seed: request.seed, shares: request.shares, minimum: request.minimum)
    var recipe = SelectionRecipe(options: options, budget: .rows(1))
    let grouping = try Self.grouping(request, snapshot)
    recipe.grouping = grouping?.id
    let needsVectors =
      request.method.usesVectors || request.duplicates != nil || request.probe != nil
      || request.avoided != nil || request.isolated > 0
    recipe.space = try Self.space(request, grouping, isNeeded: needsVectors, transaction)?.id
    recipe.measure = try request.measure.flatMap { name in
      name == SampleLengths.ownMeasure ? nil : try transaction.existingMeasure(name).id
    }
    recipe.strata = try request.strata.map { try Self.strata($0, snapshot) } ?? []
    recipe.duplicates = request.duplicates
    guard request.isolated >= 0, request.isolated < 1 else {
      throw CohortError(
        .selectionOption, "\(request.isolated) cannot be the share of samples to leave out",
        hint: "Choose one from 0 to below 1, as 0.01")
    }
    guard !request.isWhitened || request.method == .kcenter else {
      throw CohortError(
        .selectionOption, "'\(request.method.rawValue)' does not take whitened vectors",
        hint: "Whitening goes with --method kcenter")
    }
    (recipe.isolated, recipe.isWhitened) = (request.isolated, request.isWhitened)
    guard (request.templates > 0) == (request.example != nil) else {
      throw CohortError(
        .selectionOption, "How many samples of an example, and which attribute names it, have to be said together",
        hint: "As --templates one --example question_id")
    }
    (recipe.templates, recipe.example) = (request.templates, request.example ?? "")
    recipe.excluded = try request.excluded.map { name in
      let selection = try transaction.existingSelection(name)
      return SelectionRecipe.Excluded(id: selection.id, digest: selection.digest)
    }
    self = try SelectionInputs(recipe, snapshot, keeping: [], transaction)
    isGroupingNamed = request.grouping != nil
    set(request.budget)
  }

  mutating func set(_ budget: SelectionRequest.Budget) {
    recipe.share = nil
    switch budget {
    case .rows(let count): recipe.budget = .rows(count)
    case .tokens(let count): recipe.budget = .tokens(count)
    case .fraction(let share):
      recipe.share = share
      recipe.budget = .rows(max(1, UInt64((share * Double(recipe.rows)).rounded())))
    }
  }

  /// What a recipe says.
  /// - Throws: `store.unknown-…` where something of it was dropped; `store.corrupted`.
  init(
    _ recipe: SelectionRecipe, _ snapshot: SnapshotRecord, keeping kept: [UInt64],
    _ transaction: borrowing ReadTransaction
  ) throws {
    self.snapshot = snapshot
    self.recipe = recipe
    grouping = try recipe.grouping.map { try Self.held($0, snapshot) }
    space = try recipe.space.map { id in
      guard let space = try transaction.spaces().first(where: { $0.id == id }) else {
        throw CohortError.unknown("embedding-space", "number \(id)", known: try transaction.spaces().map(\.name))
      }
      return space
    }
    guard let any = grouping ?? snapshot.groupings.first else {
      throw CohortError(
        .selectionNoVectors, "Snapshot \"\(snapshot.name)\" has no grouping, and does not know its samples",
        hint: "Create another one with a grouping")
    }
    let clusters = try SnapshotLabels(any, in: snapshot, transaction)
    var pool = SelectionPool(ids: [])
    var deleted: UInt64 = 0
    try transaction.forEachBlock(of: [], in: 0..<UInt64(clusters.byID.count)) { block in
      for row in 0..<block.count {
        let id = block.first + UInt64(row)
        guard clusters.byID[Int(id)] != SnapshotLabels.none else { continue }
        if block.isDeleted(row) { deleted += 1 } else { pool.ids.append(id) }
      }
      return true
    }
    self.deleted = deleted
    if grouping != nil {
      pool.clusters = pool.ids.map { clusters.byID[Int($0)] }
      pool.clusterCount = clusters.groups.count
      pool.centroids = [[Float]?](repeating: nil, count: pool.clusterCount)
    } else {
      pool.clusters = [UInt32](repeating: 0, count: pool.count)
    }
    self.pool = pool
    self.recipe.rows = UInt64(pool.count)
    try addStrata(transaction)
    try addLengths(transaction)
    try countBlind(transaction)
    try exclude(keeping: kept, transaction)
  }

  // MARK: What is named

  private static func held(_ id: GroupingID, _ snapshot: SnapshotRecord) throws -> SnapshotGrouping {
    guard let grouping = snapshot.groupings.first(where: { $0.id == id }) else {
      throw CohortError(
        .pipelineNotInSnapshot, "Snapshot \"\(snapshot.name)\" does not hold grouping number \(id)")
    }
    return grouping
  }

  private static func held(_ name: String, _ snapshot: SnapshotRecord) throws -> SnapshotGrouping {
    guard let grouping = snapshot.groupings.first(where: { $0.name == name }) else {
      throw CohortError(
        .pipelineNotInSnapshot, "Snapshot \"\(snapshot.name)\" does not hold grouping \"\(name)\"",
        hint: "It holds: \(snapshot.groupings.map(\.name).joined(separator: ", "))")
    }
    return grouping
  }

  private static func grouping(_ request: SelectionRequest, _ snapshot: SnapshotRecord) throws -> SnapshotGrouping? {
    if let name = request.grouping { return try held(name, snapshot) }
    let byEmbedding = snapshot.groupings.filter { $0.definition.criterion is EmbeddingKind }
    if byEmbedding.count == 1 { return byEmbedding.first }
    guard request.method.usesClusters || request.duplicates != nil else { return nil }
    let names = snapshot.groupings.map(\.name).joined(separator: ", ")
    guard byEmbedding.isEmpty else {
      throw CohortError(
        .selectionOption, "Snapshot \"\(snapshot.name)\" holds several groupings by embedding",
        hint: "Say which one gives the clusters: --grouping \(byEmbedding[0].name)")
    }
    throw CohortError(
      .selectionNoVectors, "Snapshot \"\(snapshot.name)\" holds no grouping by embedding to take clusters from",
      hint: names.isEmpty ? "Create one, and another snapshot" : "Name another grouping (--grouping): \(names)")
  }

  private static func space(
    _ request: SelectionRequest, _ grouping: SnapshotGrouping?, isNeeded: Bool, _ transaction: borrowing ReadTransaction
  ) throws -> EmbeddingSpace? {
    if let name = request.space { return try transaction.existingSpace(name) }
    // The centroids of a grouping by embedding are points of its own space.
    if let grouping, let name = grouping.definition.space, let space = try transaction.space(named: name) {
      return space
    }
    if let space = try transaction.defaultSpace() { return space }
    guard isNeeded else { return nil }
    throw CohortError(
      .selectionNoVectors,
      "'\(request.method.rawValue)' compares vectors, and the store has no embedding space for them",
      hint: "Embed the samples (cohort embed), name a space (--space), or choose --method random")
  }

  private static func strata(_ spelling: String, _ snapshot: SnapshotRecord) throws -> [GroupingID] {
    if let one = snapshot.groupings.first(where: { $0.name == spelling }) { return [one.id] }
    return try spelling.split(separator: "*", omittingEmptySubsequences: false).map { part in
      try held(String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()), snapshot).id
    }
  }

  // MARK: Columns of the pool

  /// Strata are the combinations of groups that occur, in the order of the groups.
  private mutating func addStrata(_ transaction: borrowing ReadTransaction) throws {
    guard !recipe.strata.isEmpty else { return }
    var keys = [[UInt32]](repeating: [], count: pool.count)
    var texts: [[String]] = []
    for id in recipe.strata {
      let labels = try SnapshotLabels(try Self.held(id, snapshot), in: snapshot, transaction)
      for row in 0..<pool.count { keys[row].append(labels.byID[Int(pool.ids[row])]) }
      texts.append(labels.groups.map { $0.geometry.text ?? "group \($0.id)" })
    }
    let known = Set(keys).sorted { $0.lexicographicallyPrecedes($1) }
    let numbers = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, UInt32($0)) })
    pool.strata = keys.map { numbers[$0] ?? 0 }
    pool.stratumCount = known.count
    strata = known.map { key in key.enumerated().map { texts[$0][Int($1)] }.joined(separator: " * ") }
  }

  private mutating func addLengths(_ transaction: borrowing ReadTransaction) throws {
    let measure = try recipe.measure.map { id in
      guard let measure = try transaction.measure(id) else {
        throw CohortError.unknown("length-measure", "number \(id)", known: try transaction.measures().map(\.name))
      }
      return measure
    }
    let column = measure?.column(.total) ?? Column.totalLength
    let (ids, top) = (pool.ids, (pool.ids.last ?? 0) + 1)
    var (tokens, next): ([UInt32], Int) = ([], 0)
    tokens.reserveCapacity(ids.count)
    try transaction.forEachBlock(of: [column], in: 0..<top, areDeletedMarked: false) { block in
      while next < ids.count, ids[next] < block.first + UInt64(block.count) {
        tokens.append(block.uint32(0, Int(ids[next] - block.first)))
        next += 1
      }
      return next < ids.count
    }
    if let measure, let row = tokens.firstIndex(of: .max) {
      throw CohortError(
        .pipelineNotMeasured, "Samples of the snapshot are not measured by \"\(measure.name)\" yet",
        place: "sample \(ids[row])", hint: "cohort update measures them")
    }
    pool.tokens = tokens
  }

  private mutating func countBlind(_ transaction: borrowing ReadTransaction) throws {
    guard let space else { return }
    let ids = pool.ids
    var (blind, next): (UInt64, Int) = (0, 0)
    try transaction.forEachBlock(of: [space.states], in: 0..<((ids.last ?? 0) + 1), areDeletedMarked: false) { block in
      while next < ids.count, ids[next] < block.first + UInt64(block.count) {
        if block.uint8(0, Int(ids[next] - block.first)) != VectorState.present.rawValue { blind += 1 }
        next += 1
      }
      return next < ids.count
    }
    recipe.blind = blind
  }

  private mutating func exclude(keeping kept: [UInt64], _ transaction: borrowing ReadTransaction) throws {
    pool.picked = kept.compactMap { id in
      var (low, high) = (0, pool.count)
      while low < high {
        let middle = (low + high) / 2
        if pool.ids[middle] < id { low = middle + 1 } else { high = middle }
      }
      return low < pool.count && pool.ids[low] == id ? UInt32(low) : nil
    }
    recipe.kept = UInt64(pool.picked.count)
    lost = UInt64(kept.count - pool.picked.count)
    guard !recipe.excluded.isEmpty || !recipe.avoided.isEmpty else { return }
    let avoided = Set(recipe.avoided)
    var barred = avoided
    for one in recipe.excluded {
      guard let selection = try transaction.selection(one.id), selection.digest == one.digest else {
        throw CohortError.unknown("selection", "number \(one.id)", known: try transaction.selections().map(\.name))
      }
      for id in try transaction.ids(of: selection) { barred.insert(id.rawValue) }
    }
    let ids = pool.ids
    // An avoided sample may be gone meanwhile.
    excluded = UInt64(ids.count { barred.contains($0) && !avoided.contains($0) })
    pool = pool.filtered { !barred.contains(ids[$0]) }
  }

  /// Computes the centroids of the clusters, once for all that asks for them: the means of the rows that are there. Those that a
  /// grouping publishes lag behind its members, and the row nearest to them is not the most central one.
  mutating func center(_ engine: SelectionEngine) throws {
    guard space != nil else { return }
    pool.centroids = try engine.centroids(of: pool)
  }

  /// Leaves out what is too near to given items, beside what the recipe leaves out already; kept rows stay.
  mutating func avoid(
    _ items: AvoidedItems, _ engine: SelectionEngine, encoder: (EmbeddingSpace) throws -> (any TextEncoder)?
  ) throws {
    guard let space else { return }
    let file = AnchorFile(path: items.path, space: space, encoder: try encoder(space))
    let isNear = try engine.near(pool, to: try file.vectors(), above: items.cosine)
    let kept = Set(pool.picked)
    let ids = pool.ids
    let barred = Set(ids.indices.filter { isNear[$0] && !kept.contains(UInt32($0)) }.map { ids[$0] })
    recipe.avoided = barred.union(recipe.avoided).sorted()
    recipe.near = items.cosine
    pool = pool.filtered { !barred.contains(ids[$0]) }
  }
}

/// In which group of a grouping a snapshot has each sample.
struct SnapshotLabels {
  /// Of samples that the snapshot does not hold.
  static let none = UInt32.max

  /// By id: the place of the group in `groups`.
  let byID: [UInt32]
  let groups: [SnapshotGroup]

  /// - Complexity: O(ids of the store), 4 bytes each.
  init(_ grouping: SnapshotGrouping, in snapshot: SnapshotRecord, _ transaction: borrowing ReadTransaction) throws {
    let groups = try transaction.groups(of: grouping.id, in: snapshot.id)
    var byID = [UInt32](repeating: Self.none, count: Int(try transaction.counters.nextSample))
    var (group, position): (Int, UInt64) = (0, 0)
    try transaction.forEachPiece(of: grouping.id, in: snapshot) { ids in
      for id in ids {
        while group < groups.count, position >= groups[group].offset + groups[group].size { group += 1 }
        guard group < groups.count, id.rawValue < UInt64(byID.count) else {
          throw CohortError.invalid("the membership of snapshot \"\(snapshot.name)\"")
        }
        byID[Int(id.rawValue)] = UInt32(group)
        position += 1
      }
      return true
    }
    (self.byID, self.groups) = (byID, groups)
  }
}
