internal import CohortCore
internal import CohortMapping
internal import CohortStore
internal import CohortVectors

/// What a map is made from: a grouping by embedding, its space, and the samples that its feed tells of.
struct MapInputs {
  /// Cells that a layout begins with, at most.
  private static let mostCells = 1024

  let store: Store
  let grouping: GroupingRecord
  let space: EmbeddingSpace

  /// - Throws: `store.unknown-grouping`; `pipeline.not-by-embedding` for one that is not by embedding.
  init(_ store: Store, grouping name: String) throws {
    try self.init(store, try store.read { try $0.existingGrouping(name) })
  }

  /// - Throws: `store.dropped` when the map's grouping or its space is gone.
  init(_ store: Store, _ map: MapRecord) throws {
    let grouping = try store.read { try $0.groupings().first { $0.id == map.grouping } }
    guard let grouping else { throw CohortError.dropped("grouping", "number \(map.grouping)") }
    try self.init(store, grouping)
  }

  private init(_ store: Store, _ grouping: GroupingRecord) throws {
    let space = try store.read { transaction in
      try transaction.spaces().first { grouping.definition.isByEmbedding(in: $0) }
    }
    guard let space else {
      throw CohortError(
        .pipelineNotByEmbedding, "Grouping \"\(grouping.name)\" is by \(grouping.definition.text)",
        hint: "A map follows a grouping by embedding")
    }
    (self.store, self.grouping, self.space) = (store, grouping, space)
  }

  var source: StoreFeatures { StoreFeatures(store: store, space: space) }

  /// The samples with a vector that came into the feed between two positions and were not taken out again, ascending.
  func samples(from start: FeedPosition, to end: FeedPosition) throws -> [UInt64] {
    try store.read { transaction in
      let part = try transaction.changes(.embedded(space.id), from: start, limit: .max, upTo: end)
      var removed = Set<UInt64>()
      for case .removed(let id) in part.records { removed.insert(id.rawValue) }
      var samples: [UInt64] = []
      for case .added(let id) in part.records where !removed.contains(id.rawValue) { samples.append(id.rawValue) }
      samples.sort()
      return try present(samples, transaction)
    }
  }

  /// Those of some samples that have a vector.
  private func present(_ samples: [UInt64], _ transaction: borrowing ReadTransaction) throws -> [UInt64] {
    var found: [UInt64] = []
    for id in samples
    where try transaction.uint8(space.states, SampleID(id)) == VectorState.present.rawValue && found.last != id {
      found.append(id)
    }
    return found
  }

  /// Those of some samples that were not deleted.
  func live(_ samples: [UInt64]) throws -> [UInt64] {
    try store.read { transaction in
      var live: [UInt64] = []
      for id in samples where try !transaction.isDeleted(SampleID(id)) { live.append(id) }
      return live
    }
  }

  /// Where the grouping's whole rounds end behind a position, in order.
  func rounds(after position: FeedPosition) throws -> [FeedPosition] {
    var ends: [FeedPosition] = []
    try store.read { transaction in
      _ = try transaction.forEachRound(of: grouping.id, from: position.sequence) { _, round in
        if !round.provisional, round.applied > ends.last ?? position { ends.append(round.applied) }
        return true
      }
    }
    return ends
  }

  /// The centroids of the largest groups; while there are none, some of the samples' own vectors.
  func cells(of samples: [UInt64]) throws -> [[Float]] {
    let groups = try store.read { try $0.groups(of: grouping.id) }.filter { $0.isOpen && $0.size > 0 }
    let largest = groups.sorted { ($1.size, $0.id.rawValue) < ($0.size, $1.id.rawValue) }.prefix(Self.mostCells)
    let centroids = largest.sorted { $0.id.rawValue < $1.id.rawValue }.compactMap { group in
      if case .centroid(let values) = group.geometry { values } else { nil }
    }
    guard centroids.isEmpty else { return centroids }
    let count = min(max(Int(Double(samples.count).squareRoot()), 1), Self.mostCells)
    let source = source
    return try (0..<min(count, samples.count)).compactMap {
      try source.vector(of: samples[$0 * samples.count / count])
    }
  }

  /// Calls `body` with an engine for this map.
  func withEngine<T>(_ control: JobControl, _ body: (MapEngine) throws -> T) throws -> T {
    let workers = Workers(count: control.workers)
    defer { workers.end() }
    return try body(MapEngine(dimension: space.dimension, MapParameters(), workers, KernelPath.best.code))
  }

  /// Tells whoever runs the job how far it is, and stops it where it shall stop.
  static func tell(_ control: JobControl, _ stage: String, _ share: Double) throws {
    control.report(
      JobProgress(stage: "map: \(stage)", done: UInt64(min(max(share, 0), 1) * 1000), total: 1000, unit: "parts"))
    try control.checkpoint()
  }
}

extension MapState {
  /// The map as the store keeps it.
  init(_ map: MapRecord, _ places: [MapPlace], cells: [[Float]]) {
    self.init(cells: cells)
    samples = places.map(\.id)
    self.places = places.map { SIMD2($0.x, $0.y) }
    homes = places.map(\.cell)
    settled = Int(clamping: map.settled)
    drifted = Int(clamping: map.drifted)
  }

  var stored: [MapPlace] {
    samples.indices.map { MapPlace(id: samples[$0], x: places[$0].x, y: places[$0].y, cell: homes[$0]) }
  }

  func change(_ kind: LogEvent.MapChanged.Change, through: FeedPosition) -> MapChange {
    MapChange(
      kind: kind, rules: MapEngine.rulesVersion, through: through, places: stored, cells: cells,
      settled: UInt64(settled), drifted: UInt64(drifted))
  }
}
