internal import CohortCore

/// What was chosen.
package struct SelectionResult: Sendable {
  /// Rows of the pool, in the order of the selection: every beginning is the selection of a smaller budget.
  package var rows: [UInt32]
  /// Their lengths added up; 0 where nobody counts tokens.
  package var tokens: UInt64
  /// How many rows each cluster gave.
  package var clusterPicks: [UInt64]
  /// How many rows each stratum gave.
  package var stratumPicks: [UInt64]

  init(_ rows: [UInt32], _ pool: SelectionPool) {
    self.rows = rows
    tokens = pool.tokens.isEmpty ? 0 : rows.reduce(0) { $0 + UInt64(pool.tokens[Int($1)]) }
    clusterPicks = [UInt64](repeating: 0, count: pool.clusterCount)
    stratumPicks = [UInt64](repeating: 0, count: pool.stratumCount)
    for row in rows {
      clusterPicks[Int(pool.clusters[Int(row)])] += 1
      stratumPicks[Int(pool.stratum(Int(row)))] += 1
    }
  }
}

extension SelectionEngine {
  /// Chooses rows of a pool: those that are picked already, and then as many as the budget has left.
  ///
  /// The same pool, options and budget give the same rows in the same order, whatever the processor and the number of
  /// threads. With a budget of rows, every beginning of the result is the result of that smaller budget.
  /// - Throws: `selection.budget` when the pool cannot meet the budget; what the rows' source and `progress` throw.
  /// - Complexity: `Docs/selection.md` has it for each method. Memory: 12 to 32 bytes a row, the centroids, the vectors of
  ///   what k-center picked, and per thread a block and at most 24 MiB of a cell.
  package func select(
    from pool: SelectionPool, _ options: SelectionOptions, _ budget: SelectionBudget
  ) throws -> SelectionResult {
    let table = CellTable(pool, byCluster: options.method.usesClusters)
    let turns = TurnSequence(
      table, strata: max(pool.stratumCount, 1), options, picked: pool.picked.map { Int(table.cellOf[Int($0)]) })
    switch budget {
    case .rows(let count):
      let picker = CellPicker(pool, table, options, self, areTokensCounted: false)
      return SelectionResult(try rows(count, of: pool, picker, turns), pool)
    case .tokens(let count):
      let picker = CellPicker(pool, table, options, self, areTokensCounted: true)
      return SelectionResult(try rows(withTokens: count, of: pool, table, picker, turns), pool)
    }
  }

  private func rows(
    _ count: UInt64, of pool: SelectionPool, _ picker: CellPicker, _ turns: TurnSequence
  ) throws -> [UInt32] {
    guard count >= 1, count <= UInt64(pool.count) else {
      throw CohortError(
        .selectionBudget, "\(count) rows cannot be chosen of \(pool.count)",
        hint: pool.count == 0 ? "Nothing is left to choose from" : "Ask for 1 to \(pool.count)")
    }
    guard count >= UInt64(pool.picked.count) else {
      throw CohortError(
        .selectionBudget, "\(pool.picked.count) rows are kept already, more than the \(count) asked for",
        hint: "Ask for at least as many")
    }
    var turns = turns
    var cells: [UInt32] = []
    while cells.count + pool.picked.count < Int(count), let cell = turns.cell {
      cells.append(UInt32(cell))
      turns.take()
    }
    var counts: [Int: Int] = [:]
    for cell in cells { counts[Int(cell), default: 0] += 1 }
    let wanted = counts.sorted { $0.key < $1.key }.map { (cell: $0.key, count: $0.value) }
    let orders = try picker.orders(wanted)
    var next = Dictionary(uniqueKeysWithValues: zip(wanted.map(\.cell), orders.map { $0[...] }))
    return pool.picked + cells.compactMap { next[Int($0)]?.popFirst() }
  }

  private func rows(
    withTokens budget: UInt64, of pool: SelectionPool, _ table: CellTable, _ picker: CellPicker, _ turns: TurnSequence
  ) throws -> [UInt32] {
    precondition(pool.tokens.count == pool.count, "a length for each row")
    let kept = pool.picked.reduce(UInt64(0)) { $0 + UInt64(pool.tokens[Int($1)]) }
    guard budget >= 1, kept <= budget else {
      throw CohortError(
        .selectionBudget, "The rows that are kept have \(kept) tokens, more than the \(budget) asked for",
        hint: "Ask for at least as many")
    }
    var (rest, taken, turns) = (budget - kept, pool.picked, turns)
    var queues = [ArraySlice<UInt32>](repeating: [], count: table.count)
    var given = [Int](repeating: 0, count: table.count)
    var isTaken = [Bool](repeating: false, count: pool.count)
    for row in taken { isTaken[Int(row)] = true }
    // As many turns as rows of mean length would fit, all at once: cells are ordered side by side.
    let total = pool.tokens.reduce(UInt64(0)) { $0 + UInt64($1) }
    let mean = max(Double(total) / Double(max(pool.count, 1)), 1)
    var guess = turns
    var counts: [Int: Int] = [:]
    for _ in 0..<Int(min(Double(rest) / mean, Double(pool.count - taken.count))) {
      guard let cell = guess.cell else { break }
      counts[cell, default: 0] += 1
      guess.take()
    }
    let first = counts.sorted { $0.key < $1.key }.map { (cell: $0.key, count: $0.value) }
    for (want, order) in zip(first, try picker.orders(first)) {
      (queues[want.cell], given[want.cell]) = (order[...], want.count)
    }
    while let cell = turns.cell {
      if queues[cell].isEmpty {
        // Whether any row is left in the cell that would fit is cheaper to know than their order.
        let fits = table.rows(cell).contains { !isTaken[Int($0)] && UInt64(pool.tokens[Int($0)]) <= rest }
        guard fits else {
          turns.close()
          continue
        }
        let more = max(8, given[cell] * 2)
        let order = try picker.orders([(cell, more)])[0]
        queues[cell] = order.dropFirst(given[cell])
        given[cell] = more
      }
      guard let row = queues[cell].popFirst() else {
        turns.close()
        continue
      }
      let tokens = UInt64(pool.tokens[Int(row)])
      guard tokens <= rest else {
        turns.skip()
        continue
      }
      rest -= tokens
      isTaken[Int(row)] = true
      taken.append(row)
      turns.take()
    }
    guard !taken.isEmpty else {
      throw CohortError(
        .selectionBudget, "No row has at most \(budget) tokens", hint: "Ask for more tokens")
    }
    return taken
  }
}
