import CohortVectors

/// Vectors in memory: row i is that of sample i.
struct MemoryRows: RowSource {
  var vectors: [[Float]?]
  /// Whether they can be read in place, as half floats: their values must be such.
  var holdsHalves = false

  func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into rows: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    for (i, sample) in samples.enumerated() {
      present[i] = vectors[Int(sample)] == nil ? 0 : 1
      for (at, value) in (vectors[Int(sample)] ?? []).enumerated() { rows[i * dimension + at] = value }
    }
  }

  func withHalfVectors(
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
