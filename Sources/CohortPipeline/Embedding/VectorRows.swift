internal import CohortCore
internal import CohortKernels
internal import CohortStore

/// Vectors for samples of one space, as the store keeps them: L2-normalised in Float32, rounded to the space's element
/// type, packed.
struct VectorRows {
  let space: EmbeddingSpace
  private(set) var ids: [SampleID] = []
  /// Float16 or Float32 rows, in the order of `ids`.
  private(set) var bytes: [UInt8] = []

  init(for space: EmbeddingSpace, capacity: Int) {
    self.space = space
    ids.reserveCapacity(capacity)
    bytes.reserveCapacity(capacity * space.vectors.rowWidth)
  }

  /// Adds the vector of a sample.
  /// - Returns: false, and adds nothing, when it is zero or not finite.
  mutating func append(_ vector: UnsafeBufferPointer<Float>, of id: SampleID) -> Bool {
    let dimension = space.dimension
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { row in
      _ = row.initialize(from: vector[..<dimension])
      var present: UInt8 = 1
      cohort_normalize(COHORT_PATH_BEST, COHORT_SUM_IN_ORDER, row.baseAddress, 1, dimension, &present)
      guard present == 1 else { return false }
      ids.append(id)
      guard space.element == .float16 else {
        bytes.append(contentsOf: UnsafeRawBufferPointer(row))
        return true
      }
      withUnsafeTemporaryAllocation(of: UInt16.self, capacity: dimension) { halves in
        cohort_float_to_half(row.baseAddress, halves.baseAddress, dimension)
        bytes.append(contentsOf: UnsafeRawBufferPointer(halves))
      }
      return true
    }
  }
}
