internal import CohortKernels
internal import CohortVectors

/// Farthest first over a cell whose vectors are not held in memory. It picks exactly what `LazyGreedy` picks by
/// `FarthestFirst`, but compares rows with many picks at a time, by blocked products.
///
/// Each row has a bound: its worth is no greater. Where a row was compared with some picks only, that holds as well, because
/// worth never grows. A round has two parts:
///
/// 1. Rows are compared with the picks that they missed, those with the greatest bounds first, until some rows are known and
///    the bounds of all others are below some threshold. The former are the *candidates*; their vectors are held.
/// 2. The farthest candidate is picked again and again, as long as its worth reaches the threshold. Worth that decides is
///    computed in fixed-order Float32: blocked products only tell whose worth has to be computed.
///
/// Guard of the unchecked conformance: a worker touches the rows of its own part only, and the room of its own number.
final class FarthestRounds: @unchecked Sendable {
  /// Candidates that the first round looks for.
  private static let firstCandidates = 1_024
  /// A round of fewer picks lets the next one look for twice as many candidates.
  private static let fewPicks = 128
  private static let bins = 1 << 16

  private let engine: SelectionEngine
  private let ids: [UInt64]
  private let picks: ColumnSet
  /// Of each row: an upper bound of its worth; -infinity for one that is picked or has no vector.
  private let bounds: SharedTable<Float>
  /// Of each row: the first so many picks are in its bound.
  private let known: SharedTable<UInt32>
  private let room: WorkerTables<cohort_nearest>

  init(_ engine: SelectionEngine, _ ids: [UInt64]) {
    (self.engine, self.ids) = (engine, ids)
    picks = ColumnSet(dimension: engine.dimension, capacity: 64)
    bounds = SharedTable(ids.count, .infinity)
    known = SharedTable(ids.count, 0)
    room = WorkerTables(
      workers: engine.workers.count, width: engine.blocks[0].capacity, cohort_nearest(column: 0, best: 0, second: 0))
  }

  /// A bound is above the worth by at most twice this: rounding of blocked and of fixed-order products, and lengths of rows
  /// and picks that are 1 to within 2e-7.
  private var margin: Double { 2 * picks.scoreError + 2e-6 }

  /// - Parameters:
  ///   - taken: places that are picked already.
  ///   - start: the first pick where nothing is taken.
  ///   - told: called now and then with the number of picks; what it throws ends the work.
  /// - Returns: at most `count` places, in the order in which they were picked, rows without a vector last; nil where no pick
  ///   has a vector, and so nothing has a distance.
  /// - Complexity: at worst rows x picks products.
  func order(
    _ count: Int, taken: [Int], start: Int?, told: (Int) throws -> Void = { _ in }
  ) throws -> [Int]? {
    var order: [Int] = []
    var isTaken = [Bool](repeating: false, count: ids.count)
    var given = taken
    if taken.isEmpty, let start, count > 0 {
      order.append(start)
      given = [start]
    }
    let first = try GatheredRows(given.map { ids[$0] }, engine, worker: 0)
    try first.forEach(given.indices, worker: 0) { place, vector in
      isTaken[given[place]] = true
      close(given[place])
      if let vector { accept(vector) }
    }
    guard picks.count > 0 else { return nil }
    var wanted = Self.firstCandidates
    while order.count < count {
      try told(order.count)
      let (places, threshold) = try candidates(wanted)
      guard !places.isEmpty else { break }
      let before = order.count
      try pick(among: places, threshold, until: count, &order)
      for place in order[before...] { isTaken[place] = true }
      if order.count - before < Self.fewPicks { wanted = min(wanted * 2, ids.count) }
    }
    guard order.count < count else { return order }
    let blind = ids.indices.lazy.filter { !isTaken[$0] && self.bounds[$0] == -.infinity }
    return order + blind.prefix(count - order.count)
  }

  private func accept(_ vector: UnsafePointer<Float>) {
    let place = picks.count
    picks.append(UnsafeBufferPointer(start: vector, count: engine.dimension), slot: place, id: UInt32(place))
  }

  private func close(_ place: Int) { (bounds[place], known[place]) = (-.infinity, .max) }

  // MARK: Candidates

  /// About as many rows as wanted, or a quarter of that at least, that are known to all picks, and a threshold that their
  /// bounds reach and nobody else's does. One of them is worth as much.
  private func candidates(_ wanted: Int) throws -> (places: [Int], threshold: Float) {
    while true {
      let greatest = edge(wanted)
      // The worth of the row with the greatest bound may be less by so much, and must not be below the threshold.
      let threshold = greatest == -.infinity ? greatest : greatest - Float(2 * margin + 1e-6)
      let stale = ids.indices.filter { bounds[$0] >= threshold && known[$0] < UInt32(picks.count) && isOpen($0) }
      try renew(stale)
      let places = ids.indices.filter { bounds[$0] >= threshold && isOpen($0) }
      let reached = places.count { bounds[$0] >= greatest }
      if stale.isEmpty || reached * 4 >= wanted { return (places, threshold) }
    }
  }

  private func isOpen(_ place: Int) -> Bool { known[place] != .max }

  /// A number that so many bounds reach, or a few more; -infinity where there are no more.
  private func edge(_ wanted: Int) -> Float {
    var counts = [Int](repeating: 0, count: Self.bins)
    for place in ids.indices where isOpen(place) { counts[bin(bounds[place])] += 1 }
    var total = 0
    for bin in counts.indices.reversed() {
      total += counts[bin]
      if total >= wanted { return Float(bin) / Float(Self.bins / 2) - 1 }
    }
    return -.infinity
  }

  /// Bounds from -1 to 1, in steps that Float32 has exactly.
  private func bin(_ bound: Float) -> Int {
    Int(min(max((bound + 1) * Float(Self.bins / 2), 0), Float(Self.bins - 1)))
  }

  /// Compares rows with the picks that they missed.
  private func renew(_ places: [Int]) throws {
    var lists: [UInt32: [Int]] = [:]
    for place in places { lists[known[place], default: []].append(place) }
    let rows = engine.blocks[0].capacity
    let parts = lists.sorted { $0.key < $1.key }.flatMap { known, places in
      stride(from: 0, to: places.count, by: rows).map { (known, places[$0..<min($0 + rows, places.count)]) }
    }
    let slice = 64 * engine.workers.count
    for first in stride(from: 0, to: parts.count, by: slice) {
      try engine.tell("distances", first, parts.count)
      let some = parts[first..<min(first + slice, parts.count)]
      try engine.workers.run(parts: some.count, isWorthwhile: places.count > rows) { worker, part in
        let (known, places) = some[first + part]
        try self.renew(places, from: Int(known), worker)
      }
    }
  }

  private func renew(_ places: ArraySlice<Int>, from known: Int, _ worker: Int) throws {
    let block = engine.blocks[worker]
    let found = room.table(worker)
    try block.load(places.map { ids[$0] }, engine.source, engine.path)
    let panel = known / Int(COHORT_PANEL)
    let columns = panel * Int(COHORT_PANEL)
    cohort_nearest_columns(
      engine.path, block.pointer(0), nil, block.count, engine.dimension,
      picks.packed + cohort_packed_size(columns, engine.dimension), picks.count - columns, found.baseAddress)
    let (margin, count) = (margin, UInt32(picks.count))
    for (i, place) in places.enumerated() {
      guard block.isPresent(i) else {
        close(place)
        continue
      }
      // The score of a pick is half its square less the product.
      bounds[place] = min(bounds[place], Float(Double(found[i].best) - 0.5 + margin))
      self.known[place] = count
    }
  }

  // MARK: Picks

  /// What is known of a candidate: its worth is from `least` to `most`, as far as it was compared with picks.
  private struct Candidate {
    let place: Int
    var most: Double
    var least: Double
    var known: Int
  }

  /// Picks the farthest candidate, the lowest among equals, while its worth reaches the threshold.
  private func pick(among places: [Int], _ threshold: Float, until count: Int, _ order: inout [Int]) throws {
    let rows = try GatheredRows(places.map { ids[$0] }, engine, worker: 0)
    let margin = margin
    var candidates = places.map {
      Candidate(place: $0, most: Double(bounds[$0]), least: Double(bounds[$0]) - 2 * margin, known: picks.count)
    }
    func comesBefore(_ a: Int, _ b: Int) -> Bool {
      candidates[a].most != candidates[b].most ? candidates[a].most > candidates[b].most : a < b
    }
    var heap = TurnHeap(Array(candidates.indices)) { comesBefore($0, $1) }
    var products = [Float](repeating: 0, count: picks.count + 1)
    while order.count < count, let first = heap.first, candidates[first].most >= Double(threshold) {
      let one = candidates[first]
      let isKnown = one.known == picks.count
      if isKnown, one.most == one.least {
        heap.removeFirst { comesBefore($0, $1) }
        order.append(one.place)
        close(one.place)
        try rows.forEach(CollectionOfOne(first), worker: 0) { _, vector in if let vector { accept(vector) } }
        continue
      }
      // What is missing, or everything where that leaves a doubt.
      let from = isKnown ? 0 : one.known
      if products.count < picks.count - from { products = [Float](repeating: 0, count: 2 * picks.count) }
      try rows.forEach(CollectionOfOne(first), worker: 0) { _, vector in
        cohort_project(
          engine.path, picks.plain + from * engine.dimension, picks.count - from, engine.dimension, vector, &products)
      }
      let worth = -Double(products[..<(picks.count - from)].max() ?? -1)
      candidates[first].most = isKnown ? worth : min(one.most, worth)
      candidates[first].least = isKnown ? worth : min(one.least, worth)
      candidates[first].known = picks.count
      heap.renewFirst { comesBefore($0, $1) }
    }
    for one in candidates where isOpen(one.place) {
      bounds[one.place] = Float(one.most)
      known[one.place] = UInt32(one.known)
    }
  }
}
