internal import CohortCore
internal import CohortKernels
internal import CohortVectors

extension SelectionEngine {
  /// Vectors that rows are compared with at once.
  private static let givenAtOnce = 4_096

  /// Rows whose cosine with one of some given vectors is above `cosine`: what is too near to the items of a benchmark.
  /// - Parameters:
  ///   - vectors: of the engine's dimension, of any length but 0.
  ///   - cosine: above 0, below 1.
  /// - Returns: one flag a row.
  /// - Throws: `selection.option` for a cosine beyond its bounds, or a vector that cannot be compared; what the rows' source
  ///   and `progress` throw.
  /// - Complexity: rows x vectors products.
  package func near(_ pool: SelectionPool, to vectors: [[Float]], above cosine: Double) throws -> [Bool] {
    guard cosine > 0, cosine < 1 else {
      throw CohortError(
        .selectionOption, "\(cosine) cannot be the cosine of what is near", hint: "Choose one between 0 and 1, as 0.9")
    }
    let isNear = SharedTable(pool.count, false)
    let limit = 2 - 2 * cosine
    for first in stride(from: 0, to: vectors.count, by: Self.givenAtOnce) {
      let set = ColumnSet(dimension: dimension, capacity: min(Self.givenAtOnce, vectors.count - first))
      for (place, vector) in vectors[first..<min(first + Self.givenAtOnce, vectors.count)].enumerated() {
        try add(vector, number: first + place, to: set)
      }
      let width = ColumnSet.panels(set.count)
      let products = WorkerTables<Float>(workers: workers.count, width: width * blocks[0].capacity, 0)
      let doubtful = Float(cosine - set.scoreError - 4e-6)
      try scan(pool.ids, stage: "nearness") { worker, block, start in
        guard let base = block.pointer(0), let out = products.table(worker).baseAddress else { return }
        cohort_inner_products(self.path, base, block.count, self.dimension, set.packed, set.count, out, width)
        for i in 0..<block.count where block.isPresent(i) && !isNear[start + i] {
          guard let row = block.pointer(i) else { continue }
          isNear[start + i] = (0..<set.count).contains { column in
            out[i * width + column] > doubtful && set.distance(row, to: column, self.path) < limit
          }
        }
      }
    }
    return (0..<pool.count).map { isNear[$0] }
  }

  private func add(_ vector: [Float], number: Int, to set: ColumnSet) throws {
    var scaled = vector
    var present: UInt8 = 1
    guard vector.count == dimension else {
      throw CohortError(
        .selectionOption, "A given vector has \(vector.count) values, and the space has \(dimension)",
        place: "vector \(number)")
    }
    cohort_normalize(path, COHORT_SUM_IN_LANES, &scaled, 1, dimension, &present)
    guard present == 1 else {
      throw CohortError(
        .selectionOption, "A given vector is zero, or holds a value that is no finite number", place: "vector \(number)"
      )
    }
    scaled.withUnsafeBufferPointer { set.append($0, slot: number, id: UInt32(number)) }
  }
}
