import CohortVectors

/// Vectors in memory: row i is that of sample i.
package struct MemoryRows: RowSource {
  package var vectors: [[Float]?]
  /// Whether they can be read in place, as half floats: their values must be such.
  package var holdsHalves: Bool

  package init(vectors: [[Float]?], holdsHalves: Bool = false) {
    self.vectors = vectors
    self.holdsHalves = holdsHalves
  }

  package func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into rows: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    for (i, sample) in samples.enumerated() {
      guard let vector = vectors[Int(sample)] else {
        present[i] = 0
        continue
      }
      present[i] = 1
      vector.withUnsafeBufferPointer {
        _ = UnsafeMutableBufferPointer(rebasing: rows[(i * dimension)..<((i + 1) * dimension)]).update(from: $0)
      }
    }
  }

  package func withHalfVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int,
    _ body: (Int, UnsafeBufferPointer<UnsafePointer<UInt16>?>) throws -> Void
  ) throws -> Bool {
    guard holdsHalves else { return false }
    let halves = samples.flatMap { sample in
      (vectors[Int(sample)] ?? [Float](repeating: 0, count: dimension)).map { Float16($0).bitPattern }
    }
    try halves.withUnsafeBufferPointer { halves in
      let rows = samples.indices.map { i in
        vectors[Int(samples[i])] == nil ? nil : halves.baseAddress.map { $0 + i * dimension }
      }
      for start in stride(from: 0, to: rows.count, by: 100) {
        try rows[start..<min(start + 100, rows.count)].withUnsafeBufferPointer { try body(start, $0) }
      }
    }
    return true
  }
}
