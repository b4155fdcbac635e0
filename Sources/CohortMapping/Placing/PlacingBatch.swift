internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// Where the samples of a batch begin among those that have a place: beside their relatives, or in free land when they have
/// too few.
struct PlacingBatch {
  /// A sample with fewer old neighbours than one in so many is a stranger: of topics that came a sixty-fourth of the map at a
  /// time, one in 2 kept 0.47 of the nearest together, one in 5 kept 0.455.
  private static let strangerShare = 2
  /// Old neighbours among which the medoid is looked for.
  private static let relatives = 10
  private static let jitter: Float = 0.25
  private static let mostCells = 256
  private static let rounds = 4

  let dimension: Int
  let workers: Workers
  let path: cohort_path

  /// The samples of a batch, by their index, that have hardly any neighbours among the old ones.
  static func strangers(_ lists: [[NearRow]], _ old: Int) -> [Int] {
    lists.indices.filter { i in
      let known = lists[i].reduce(0) { $0 + ($1.id < UInt64(old) ? 1 : 0) }
      return known * strangerShare < lists[i].count || lists[i].isEmpty
    }
  }

  // MARK: New cells

  /// Divides strangers into cells: Lloyd's algorithm from samples at even distances, a few rounds.
  func cells(
    of samples: [UInt64], _ source: any RowSource
  ) throws -> (centroids: [[Float]], homes: [UInt32]) {
    let count = min(max(Int(Double(samples.count).squareRoot()), 1), Self.mostCells)
    let lists = NeighbourLists(dimension: dimension, count: 1, workers, path)
    let block = RowBlock(dimension: dimension, capacity: RowBlock.rows(dimension: dimension))
    var centroids: [[Float]] = []
    for i in 0..<count {
      try block.load([samples[i * samples.count / count]], source, path)
      centroids.append(Array(block.values(0)))
    }
    var homes = try lists.homes(of: samples, of: source, around: centroids)
    for _ in 0..<Self.rounds {
      var sums = [[Double]](repeating: [Double](repeating: 0, count: dimension), count: centroids.count)
      for start in stride(from: 0, to: samples.count, by: block.capacity) {
        try block.load(Array(samples[start..<min(start + block.capacity, samples.count)]), source, path)
        for i in 0..<block.count where block.isPresent(i) {
          guard let row = block.pointer(i) else { continue }
          cohort_add_scaled(path, &sums[Int(homes[start + i])], row, 1, dimension)
        }
      }
      for (cell, sum) in sums.enumerated() {
        var mean = sum.map { Float($0) }
        var present: UInt8 = 1
        cohort_normalize(path, COHORT_SUM_IN_ORDER, &mean, 1, dimension, &present)
        if present == 1 { centroids[cell] = mean }
      }
      homes = try lists.homes(of: samples, of: source, around: centroids)
    }
    return (centroids, homes)
  }

  // MARK: Starts

  /// - Parameters:
  ///   - new: the samples of the batch.
  ///   - lists: their neighbours, old ones before the new ones by their indices.
  ///   - state: the map without the batch.
  ///   - next: the map with the batch, but for its places.
  func starts(
    of new: [UInt64], _ lists: [[NearRow]], _ state: MapState, strangers: [Int], _ next: MapState,
    _ source: any RowSource
  ) throws -> [SIMD2<Float>] {
    let old = state.samples.count
    let isStranger = Set(strangers)
    var starts = new.indices.map { i -> SIMD2<Float> in
      guard !isStranger.contains(i) else { return .zero }
      let known = lists[i].lazy.filter { $0.id < UInt64(old) }.prefix(Self.relatives).map { state.places[Int($0.id)] }
      return Self.medoid(Array(known)) + Jitter.offset(of: new[i], within: Self.jitter)
    }
    guard !strangers.isEmpty else { return starts }
    var land = FreeLand(state.places)
    let first = state.cells.count
    var members = [[Int]](repeating: [], count: next.cells.count - first)
    for i in strangers { members[Int(next.homes[old + i]) - first].append(i) }
    let layout = FirstLayout(dimension: dimension, workers: workers, path: path)
    var middles = middles(of: state)
    // Each cell beside the nearest one that has a place: its relative, the nearest pair first.
    var relatives = members.indices.map { new in
      var relative = (distance: Double.infinity, cell: 0)
      for cell in state.cells.indices where middles[cell] != nil {
        let away = distance(next.cells[first + new], next.cells[cell])
        if away < relative.distance { relative = (away, cell) }
      }
      return relative
    }
    middles += members.map { _ in nil }
    var waiting = members.indices.filter { !members[$0].isEmpty }
    while let chosen = waiting.min(by: { (relatives[$0].distance, $0) < (relatives[$1].distance, $1) }) {
      waiting.removeAll { $0 == chosen }
      let some = members[chosen]
      let radius = (Float(some.count) * land.areaPerSample / Float.pi).squareRoot()
      let middle = land.take(radius: radius, near: middles[relatives[chosen].cell] ?? .zero)
      middles[first + chosen] = middle
      let places = try layout.local(some.map { new[$0] }, source, middle, Double(radius) * 0.8)
      for (i, place) in zip(some, places) { starts[i] = place + Jitter.offset(of: new[i], within: Self.jitter) }
      for other in waiting {
        let away = distance(next.cells[first + other], next.cells[first + chosen])
        if away < relatives[other].distance { relatives[other] = (away, first + chosen) }
      }
    }
    return starts
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Double { cohort_squared_distance(path, a, b, dimension) }

  /// Of some places the one with the least sum of distances to the others: a mean may lie between islands.
  static func medoid(_ places: [SIMD2<Float>]) -> SIMD2<Float> {
    var (best, least) = (SIMD2<Float>.zero, Float.infinity)
    for place in places {
      var sum: Float = 0
      for other in places {
        let away = place - other
        sum += (away.x * away.x + away.y * away.y).squareRoot()
      }
      if sum < least { (best, least) = (place, sum) }
    }
    return best
  }

  /// Where the cells of a map are: the place of the member that is nearest to the mean of all; nil for an empty one.
  private func middles(of state: MapState) -> [SIMD2<Float>?] {
    var sums = [SIMD2<Double>](repeating: .zero, count: state.cells.count)
    var counts = [Double](repeating: 0, count: state.cells.count)
    for (home, place) in zip(state.homes, state.places) {
      sums[Int(home)] += SIMD2<Double>(place)
      counts[Int(home)] += 1
    }
    var middles = [SIMD2<Float>?](repeating: nil, count: state.cells.count)
    var least = [Double](repeating: .infinity, count: state.cells.count)
    for (home, place) in zip(state.homes, state.places) {
      let away = SIMD2<Double>(place) - sums[Int(home)] / counts[Int(home)]
      let distance = away.x * away.x + away.y * away.y
      if distance < least[Int(home)] { (middles[Int(home)], least[Int(home)]) = (place, distance) }
    }
    return middles
  }
}
