internal import CohortClustering
internal import CohortCore
internal import CohortKernels
internal import CohortStore

/// Vectors and lengths of stored samples, read from the columns a chunk at a time.
struct StoreFeatures: SampleFeatures {
  let store: Store
  private(set) var space: EmbeddingSpace?
  var lengthColumn: Column?
  /// Rounds read the same chunks again and again, a few rows at a time: each is checked once.
  private let sound = SoundChunks()

  /// Begins anew with what the store has now. The space's record says which of its chunks must be there: an older one
  /// would take a chunk that came since, and is gone, for samples without vectors. And every chunk is checked again that is
  /// read from now on: damage may have come since.
  /// - Throws: `store.unknown-embedding-space` when the space was dropped.
  mutating func refresh() throws {
    sound.removeAll()
    guard let known = space else { return }
    space = try store.read { transaction in
      guard let space = try transaction.space(known.id) else {
        throw CohortError.unknown("embedding-space", known.name, known: try transaction.spaces().map(\.name))
      }
      return space
    }
  }

  func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into rows: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    guard let space, space.dimension == dimension else {
      throw CohortError(
        .pipelineNoSpace, category: .failure, "The grouping's embedding space does not have \(dimension) dimensions")
    }
    try forEachRun(samples, in: space) { run, row in
      for i in run {
        let source = try row(i)
        present[i] = source == nil ? 0 : 1
        guard let source else { continue }
        Self.decode(
          source, as: space.element,
          into: UnsafeMutableBufferPointer(
            rebasing: rows[(i * dimension)..<((i + 1) * dimension)]))
      }
    }
  }

  /// The vector of one sample of the features' space as it is stored; nil when it has none.
  func vector(of sample: UInt64) throws -> [Float]? {
    guard let space else { return nil }
    var vector: [Float]?
    try withUnsafePointer(to: sample) { sample in
      try forEachRun(UnsafeBufferPointer(start: sample, count: 1), in: space) { _, row in
        guard let row = try row(0) else { return }
        vector = [Float](unsafeUninitializedCapacity: space.dimension) { room, count in
          Self.decode(row, as: space.element, into: UnsafeMutableBufferPointer(rebasing: room[..<space.dimension]))
          count = space.dimension
        }
      }
    }
    return vector
  }

  func withHalfVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int,
    _ body: (_ first: Int, _ rows: UnsafeBufferPointer<UnsafePointer<UInt16>?>) throws -> Void
  ) throws -> Bool {
    guard let space, space.dimension == dimension, space.element == .float16 else { return false }
    try forEachRun(samples, in: space) { run, row in
      try withUnsafeTemporaryAllocation(of: UnsafePointer<UInt16>?.self, capacity: run.count) { rows in
        for i in run {
          rows.initializeElement(
            at: i - run.lowerBound, to: try row(i)?.baseAddress?.assumingMemoryBound(to: UInt16.self))
        }
        try body(run.lowerBound, UnsafeBufferPointer(rows))
      }
    }
    return true
  }

  /// Calls `body` with consecutive samples that share a chunk, until all had their turn, and with where their vectors
  /// are: nil for a sample without one. Rows start at multiples of their width, so halves are 2-aligned.
  private func forEachRun(
    _ samples: UnsafeBufferPointer<UInt64>, in space: EmbeddingSpace,
    _ body: (_ run: Range<Int>, _ row: (Int) throws -> UnsafeRawBufferPointer?) throws -> Void
  ) throws {
    let (vectors, states) = (space.vectors, space.states)
    let rows = UInt64(vectors.rowsPerChunk)
    var start = 0
    while start < samples.count {
      let chunkNumber = samples[start] / rows
      var end = start + 1
      while end < samples.count, samples[end] / rows == chunkNumber { end += 1 }
      try store.read { transaction in
        // A chunk of states covers whole chunks of vectors.
        try transaction.withChunk(states, of: samples[start]) { states in
          try transaction.withChunk(vectors, of: samples[start], sound: sound) { chunk in
            try body(start..<end) { i in
              guard let chunk, let states else { return nil }
              let (row, place) = (Int(samples[i] - chunk.firstRow), Int(samples[i] - states.firstRow))
              guard row < chunk.count, place < states.count, states.uint8(place) == VectorState.present.rawValue else {
                return nil
              }
              return chunk.row(row)
            }
          }
        }
      }
      start = end
    }
  }

  func readLengths(from first: UInt64, into lengths: UnsafeMutableBufferPointer<UInt64>) throws {
    guard let lengthColumn else {
      throw CohortError(.pipelineNoLengths, "The grouping has no lengths")
    }
    let rows = UInt64(lengthColumn.rowsPerChunk)
    var row = first
    let last = first + UInt64(lengths.count)
    try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Int(rows)) { buffer in
      while row < last {
        let end = min(last, (row / rows + 1) * rows)
        let part = UnsafeMutableBufferPointer(rebasing: buffer[..<Int(end - row)])
        try store.read { try $0.copy(lengthColumn, from: row, into: part) }
        for (index, value) in part.enumerated() { lengths[Int(row - first) + index] = UInt64(value) }
        row = end
      }
    }
  }

  /// Decodes one row. Rows start at multiples of their width, so halves are 2-aligned; floats are copied because they
  /// need not be 4-aligned.
  static func decode(
    _ row: UnsafeRawBufferPointer, as element: ElementType, into target: UnsafeMutableBufferPointer<Float>
  ) {
    guard let source = row.baseAddress, let start = target.baseAddress else { return }
    if element == .float16 {
      cohort_half_to_float(source.assumingMemoryBound(to: UInt16.self), start, target.count)
    } else {
      UnsafeMutableRawBufferPointer(target).copyMemory(from: row)
    }
  }
}
