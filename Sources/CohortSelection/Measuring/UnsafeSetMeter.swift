internal import CohortKernels
internal import CohortVectors

/// Measures choices of rows of one pool: each against the same rows, drawn by the hash of their ids.
///
/// Products are blocked Float32 products, whose last bits depend on the processor: figures are for people, to four places.
package final class SetMeter {
  /// Rows of the pool whose nearest chosen row is looked for, and chosen rows whose nearest other one is.
  package static let measuredRows = 1_024
  private static let columnsAtOnce = 1_024

  private let engine: SelectionEngine
  private let pool: SelectionPool
  private let references: [UInt64]
  private let isIsolated: [Bool]

  /// - Complexity: one or two passes over the pool's vectors.
  package init(_ engine: SelectionEngine, _ pool: SelectionPool) throws {
    self.engine = engine
    self.pool = pool
    references = KeyedOrder(seed: 0, purpose: 2).first(
      Self.measuredRows, of: pool.ids.indices.map(UInt32.init), ids: pool.ids
    ).map { pool.ids[Int($0)] }.sorted()
    isIsolated = try engine.isolated(in: pool, share: 0.01)
  }

  /// Measures a choice.
  /// - Returns: nil where no row has a vector.
  /// - Complexity: 2 x 1,024 x chosen rows products.
  package func figures(of rows: [UInt32]) throws -> SetFigures? {
    let ids = rows.map { pool.ids[Int($0)] }.sorted()
    let nearest = try greatestCosines(of: references, among: ids).compactMap { $0 }
    guard !nearest.isEmpty else { return nil }
    let distances = nearest.map { max(0, 1 - Double($0)) }.sorted()
    let some = KeyedOrder(seed: 0, purpose: 4).first(Self.measuredRows, of: rows, ids: pool.ids)
      .map { pool.ids[Int($0)] }.sorted()
    let others = try greatestCosines(of: some, among: ids)
    let isolated = rows.count { isIsolated[Int($0)] }
    return SetFigures(
      meanDistance: distances.reduce(0, +) / Double(distances.count),
      distance99: distances[min(distances.count - 1, distances.count * 99 / 100)],
      greatestDistance: distances.last ?? 0, isolated: Double(isolated) / Double(max(rows.count, 1)),
      nearDuplicates: Double(others.count { ($0 ?? -1) > SetFigures.duplicateCosine }) / Double(max(some.count, 1)))
  }

  /// The greatest cosine of each of some samples with another one among `rows`; nil for one without a vector.
  private func greatestCosines(of columns: [UInt64], among rows: [UInt64]) throws -> [Float?] {
    let engine = engine
    var result = [Float?](repeating: nil, count: columns.count)
    for first in stride(from: 0, to: columns.count, by: Self.columnsAtOnce) {
      let end = min(first + Self.columnsAtOnce, columns.count)
      let set = try columnSet(Array(columns[first..<end]))
      let width = ColumnSet.panels(set.count)
      let greatest = WorkerTables<Float>(workers: engine.workers.count, width: width, -.infinity)
      let products = WorkerTables<Float>(
        workers: engine.workers.count, width: width * engine.blocks[0].capacity, 0)
      try engine.scan(rows, stage: "measuring") { worker, block, _ in
        let (best, out) = (greatest.table(worker), products.table(worker))
        guard let base = block.pointer(0), let start = out.baseAddress else { return }
        cohort_inner_products(
          engine.path, base, block.count, engine.dimension, set.packed, set.count, start, width)
        for i in 0..<block.count where block.isPresent(i) {
          for column in 0..<set.count where out[i * width + column] > best[column] {
            guard columns[first + set.slots[column]] != block.samples[i] else { continue }
            best[column] = out[i * width + column]
          }
        }
      }
      for column in 0..<set.count {
        let best = (0..<engine.workers.count).map { greatest.table($0)[column] }.max() ?? -.infinity
        if best > -.infinity { result[first + set.slots[column]] = best }
      }
    }
    return result
  }

  private func columnSet(_ ids: [UInt64]) throws -> ColumnSet {
    let set = ColumnSet(dimension: engine.dimension, capacity: ids.count)
    let block = engine.blocks[0]
    for start in stride(from: 0, to: ids.count, by: block.capacity) {
      try block.load(Array(ids[start..<min(start + block.capacity, ids.count)]), engine.source, engine.path)
      for i in 0..<block.count where block.isPresent(i) {
        set.append(block.values(i), slot: start + i, id: UInt32(start + i))
      }
    }
    return set
  }
}
