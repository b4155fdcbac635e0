internal import CohortVectors

/// Picks the rows of a cell one after the other, each time the one of the greatest worth, the lowest among equals: exactly
/// what looking at all rows each time would pick.
///
/// A heap keeps rows by the worth that was computed last. Only those before the first whose worth is up to date are computed
/// again, in batches that grow while the next pick is not found.
struct LazyGreedy {
  private static let firstBatch = 16
  private static let mostBatch = 1_024

  let rows: GatheredRows
  let engine: SelectionEngine
  /// Nil when all threads may take part; else the one that does all.
  let worker: Int?

  /// - Parameters:
  ///   - taken: places that are picked already; the objective learns of them first.
  ///   - start: the first pick where nothing is taken; nil where worth decides that, too.
  ///   - multiplications: what computing a worth takes, about.
  ///   - told: called now and then with the number of picks; what it throws ends the work.
  /// - Returns: at most `count` places, in the order in which they were picked. Rows without a vector come last.
  func order(
    _ count: Int, by objective: some GreedyObjective, taken: [Int], start: Int?, multiplications: Int,
    told: (Int) throws -> Void = { _ in }
  ) throws -> [Int] {
    let total = rows.ids.count
    var order: [Int] = []
    var isTaken = [Bool](repeating: false, count: total)
    try accept(taken, objective)
    for place in taken { isTaken[place] = true }
    if taken.isEmpty, let start, count > 0 {
      try accept([start], objective)
      isTaken[start] = true
      order.append(start)
    }
    guard order.count < count else { return order }
    let worth = SharedTable(total, Worth(value: .infinity, picks: 0))
    let open = (0..<total).filter { !isTaken[$0] }
    try renew(open, worth, objective, bound: -.infinity, multiplications)
    // Whoever has no vector is worth less than nothing.
    let blind = open.filter { worth[$0].value == -.infinity }
    let comesBefore: (Int, Int) -> Bool = { a, b in
      worth[a].value != worth[b].value ? worth[a].value > worth[b].value : a < b
    }
    var heap = TurnHeap(open.filter { worth[$0].value != -.infinity }, comesBefore)
    var batch = Self.firstBatch
    while order.count < count, let first = heap.first {
      if Int(worth[first].picks) == objective.picks {
        heap.removeFirst(comesBefore)
        order.append(first)
        try accept([first], objective)
        batch = Self.firstBatch
        if order.count % 64 == 0 { try told(order.count) }
        continue
      }
      var stale: [Int] = []
      while stale.count < batch, let next = heap.first, Int(worth[next].picks) < objective.picks {
        stale.append(next)
        heap.removeFirst(comesBefore)
      }
      // Rows that turn out to be worth less than one whose worth is known need not be computed to the end.
      let bound =
        heap.first.map { Int(worth[$0].picks) == objective.picks ? worth[$0].value : -.infinity } ?? -.infinity
      try renew(stale, worth, objective, bound: bound, multiplications)
      for place in stale { heap.insert(place, comesBefore) }
      batch = min(batch * 2, Self.mostBatch)
    }
    return order + blind.prefix(max(0, count - order.count))
  }

  private func accept(_ places: [Int], _ objective: some GreedyObjective) throws {
    for place in places {
      try rows.forEach(CollectionOfOne(place), worker: worker ?? 0) { place, vector in
        if let vector { objective.accept(place, vector) }
      }
    }
  }

  private func renew(
    _ places: [Int], _ worth: SharedTable<Worth>, _ objective: some GreedyObjective, bound: Double,
    _ multiplications: Int
  ) throws {
    let places = places.sorted()
    let grain = 32
    @Sendable func one(_ part: Int, _ worker: Int) throws {
      let some = places[(part * grain)..<min((part + 1) * grain, places.count)]
      try rows.forEach(some, worker: worker) { place, vector in
        guard let vector else { return worth[place] = Worth(value: -.infinity, picks: .max) }
        worth[place] = objective.worth(of: place, vector, known: worth[place], bound: bound, worker: worker)
      }
    }
    let parts = (places.count + grain - 1) / grain
    if let worker {
      for part in 0..<parts { try one(part, worker) }
    } else {
      try engine.workers.run(parts: parts, isWorthwhile: Workers.isWorthwhile(places.count * multiplications)) {
        try one($1, $0)
      }
    }
  }
}

/// Numbers that several threads write, each at places of its own. Freed with the last that holds it.
///
/// Guard of the unchecked conformance: no two threads have a place in common while they work.
final class SharedTable<Value: Sendable>: @unchecked Sendable {
  private let values: UnsafeMutableBufferPointer<Value>

  init(_ count: Int, _ value: Value) {
    values = .allocate(capacity: count)
    values.initialize(repeating: value)
  }

  deinit {
    values.deinitialize()
    values.deallocate()
  }

  subscript(_ place: Int) -> Value {
    get { values[place] }
    set { values[place] = newValue }
  }
}
