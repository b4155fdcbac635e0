/// Which cell gives the next row, as often as it is asked: first the stratum, then the cluster in it. The sequence does not
/// depend on how long it becomes, so every beginning of a selection is the selection of a smaller budget.
struct TurnSequence: Sendable {
  /// Of the keyed order that the cells' starts come from.
  private static let purpose: UInt64 = 2

  private var strata: [Quota]
  private var cells: [Quota]
  /// Rows of each cell that were neither taken nor skipped.
  private var left: [Int]
  private let stratumOf: [UInt32]
  private let minimum: UInt64
  private let cellMinimum: UInt64
  private var strataHeap: TurnHeap
  private var cellHeaps: [TurnHeap]

  /// - Parameter picked: the cells of rows that are picked already.
  init(_ table: CellTable, strata count: Int, _ options: SelectionOptions, picked: [Int]) {
    let hasStrata = count > 1
    var sizes = [UInt64](repeating: 0, count: count)
    var taken = [UInt64](repeating: 0, count: count)
    var cellTaken = [UInt64](repeating: 0, count: table.count)
    var members = [[Int]](repeating: [], count: count)
    for cell in 0..<table.count {
      sizes[Int(table.stratum[cell])] += UInt64(table.size(cell))
      members[Int(table.stratum[cell])].append(cell)
    }
    for cell in picked {
      cellTaken[cell] += 1
      taken[Int(table.stratum[cell])] += 1
    }
    let starts = KeyedOrder(seed: options.seed, purpose: Self.purpose)
    let cells = (0..<table.count).map { cell in
      // A start by chance gives each cluster its share on the average also where there are fewer picks than clusters. With
      // 1/2 for all, the smaller half would never get any.
      let place = UInt64(table.stratum[cell]) << 32 | UInt64(table.cluster[cell])
      return Quota(
        weight: UInt64(table.size(cell)), picks: cellTaken[cell],
        start: options.method == .stratified ? UInt32(truncatingIfNeeded: starts.hash(place) >> 32) : Quota.half)
    }
    let left = (0..<table.count).map { table.size($0) - Int(cellTaken[$0]) }
    let strata = (0..<count).map { Quota(weight: options.shares == .equal ? 1 : sizes[$0], picks: taken[$0]) }
    let (minimum, cellMinimum) = (hasStrata ? options.minimum : 0, hasStrata ? 0 : options.minimum)
    (self.cells, self.left, self.strata, self.minimum, self.cellMinimum) = (cells, left, strata, minimum, cellMinimum)
    stratumOf = table.stratum
    cellHeaps = members.map { some in
      TurnHeap(some.filter { left[$0] > 0 }) { Self.comesBefore($0, $1, cells, cellMinimum) }
    }
    let heaps = cellHeaps
    strataHeap = TurnHeap((0..<count).filter { heaps[$0].first != nil }) { Self.comesBefore($0, $1, strata, minimum) }
  }

  private static func comesBefore(_ a: Int, _ b: Int, _ quotas: [Quota], _ minimum: UInt64) -> Bool {
    if quotas[a].comesBefore(quotas[b], minimum: minimum) { return true }
    if quotas[b].comesBefore(quotas[a], minimum: minimum) { return false }
    return a < b
  }

  /// The cell whose turn it is; nil when no cell has rows.
  var cell: Int? { strataHeap.first.flatMap { cellHeaps[$0].first } }

  /// The cell whose turn it is gave a row.
  mutating func take() { advance(isTaken: true) }

  /// The next row of the cell whose turn it is cannot be taken; the turn stays where it is.
  mutating func skip() { advance(isTaken: false) }

  /// No further row of the cell whose turn it is can be taken.
  mutating func close() {
    if let cell { left[cell] = 1 }
    skip()
  }

  private mutating func advance(isTaken: Bool) {
    guard let stratum = strataHeap.first, let cell = cellHeaps[stratum].first else { return }
    left[cell] -= 1
    if isTaken {
      cells[cell].take()
      strata[stratum].take()
    }
    let (cells, strata, cellMinimum, minimum) = (cells, strata, cellMinimum, minimum)
    let cellsBefore: (Int, Int) -> Bool = { Self.comesBefore($0, $1, cells, cellMinimum) }
    if left[cell] == 0 {
      cellHeaps[stratum].removeFirst(cellsBefore)
    } else if isTaken {
      cellHeaps[stratum].renewFirst(cellsBefore)
    }
    let strataBefore: (Int, Int) -> Bool = { Self.comesBefore($0, $1, strata, minimum) }
    if cellHeaps[stratum].first == nil {
      strataHeap.removeFirst(strataBefore)
    } else if isTaken {
      strataHeap.renewFirst(strataBefore)
    }
  }
}
