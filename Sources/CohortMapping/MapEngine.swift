internal import CohortCore
public import CohortVectors
package import CohortKernels

/// Makes and continues maps. All that it gives is a function of the vectors, the state and the parameters: the same bits for
/// every number of workers and on every processor.
public struct MapEngine {
  let dimension: Int
  let parameters: MapParameters
  let workers: Workers
  let path: cohort_path

  package init(dimension: Int, _ parameters: MapParameters, _ workers: Workers, _ path: cohort_path) {
    self.dimension = dimension
    self.parameters = parameters
    self.workers = workers
    self.path = path
  }

  private var lists: NeighbourLists {
    NeighbourLists(dimension: dimension, count: parameters.neighbours, workers, path)
  }

  /// Lays out samples for the first time, or anew.
  /// - Parameters:
  ///   - samples: ascending, each with a vector.
  ///   - cells: centroids, at least one.
  ///   - progress: gets the share that is done; what it throws ends the work.
  /// - Throws: what `source` and `progress` throw.
  public func layout(
    _ samples: [UInt64], _ source: any RowSource, around cells: [[Float]],
    _ progress: (Double) throws -> Void = { _ in }
  ) throws -> MapState {
    var state = MapState(cells: cells)
    state.samples = samples
    state.settled = samples.count
    state.homes = try lists.homes(of: samples, of: source, around: cells)
    let found = try lists.lists(
      of: 0..<samples.count, among: samples, of: source, around: cells, homes: state.homes
    ) { try progress(0.5 * $0) }
    let first = FirstLayout(dimension: dimension, workers: workers, path: path)
    let places = try first.places(
      of: samples, source, around: cells, NeighbourLists.members(of: state.homes, cells.count))
    let graph = AttractionGraph(found.map { $0.map { Int32(truncatingIfNeeded: $0.id) } }, fixed: 0)
    let descent = Descent(places, fixed: 0, graph, workers)
    try descent.run(parameters.stages) { try progress(0.5 + 0.5 * $0) }
    state.places = descent.moved
    return state
  }

  /// Moves all samples a little, drawn back to where they were, so that what came since the last layout finds room.
  /// - Throws: what `source` and `progress` throw.
  public func settle(
    _ state: inout MapState, _ source: any RowSource, _ progress: (Double) throws -> Void = { _ in }
  ) throws {
    let found = try lists.lists(
      of: 0..<state.samples.count, among: state.samples, of: source, around: state.cells, homes: state.homes
    ) { try progress(0.5 * $0) }
    let graph = AttractionGraph(found.map { $0.map { Int32(truncatingIfNeeded: $0.id) } }, fixed: 0)
    let descent = Descent(
      state.places, fixed: 0, graph, anchored: state.places.count, hold: parameters.hold, workers)
    try descent.run(parameters.settling) { try progress(0.5 + 0.5 * $0) }
    state.places = descent.moved
    state.settled = state.samples.count
    state.drifted = 0
  }

  /// Places new samples; those that have a place keep it.
  /// - Parameters:
  ///   - new: ascending, each with a vector, none of them placed before.
  ///   - progress: gets the share that is done; what it throws ends the work.
  /// - Throws: what `source` and `progress` throw.
  public func place(
    _ new: [UInt64], in state: inout MapState, _ source: any RowSource,
    _ progress: (Double) throws -> Void = { _ in }
  ) throws {
    guard !new.isEmpty else { return }
    let old = state.samples.count
    var next = state
    next.samples += new
    next.homes += try lists.homes(of: new, of: source, around: state.cells)
    func neighbours(_ wanted: Range<Int>) throws -> [[NearRow]] {
      try lists.lists(of: wanted, among: next.samples, of: source, around: next.cells, homes: next.homes)
    }
    var found = try neighbours(old..<next.samples.count)
    try progress(0.3)
    let batch = PlacingBatch(dimension: dimension, workers: workers, path: path)
    let strangers = PlacingBatch.strangers(found, old)
    if !strangers.isEmpty {
      let first = next.cells.count
      let cells = try batch.cells(of: strangers.map { new[$0] }, source)
      next.cells += cells.centroids
      for (i, cell) in zip(strangers, cells.homes) { next.homes[old + i] = UInt32(first) + cell }
      found = try neighbours(old..<next.samples.count)
    }
    try progress(0.5)
    let starts = try batch.starts(of: new, found, state, strangers: strangers, next, source)
    let graph = AttractionGraph(found.map { $0.map { Int32(truncatingIfNeeded: $0.id) } }, fixed: old)
    let descent = Descent(state.places + starts, fixed: old, graph, workers)
    try descent.run(parameters.placing) { try progress(0.5 + 0.5 * $0) }
    next.places += descent.moved
    next.drifted += strangers.count
    state = next
  }
}
