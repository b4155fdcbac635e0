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
    let square = cohort_sum_of_squares(vector.baseAddress, dimension)
    guard square.isFinite, square > 0 else { return false }
    let scale = 1 / square.squareRoot()
    // For lengths beyond this a single float does not hold the factor, or not all of its digits.
    let isExtreme = !(0x1p-100...0x1p100).contains(scale)
    ids.append(id)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { row in
      if isExtreme {
        for i in 0..<dimension { row[i] = Float(Double(vector[i]) * scale) }
      } else {
        for i in 0..<dimension { row[i] = vector[i] * Float(scale) }
      }
      guard space.element == .float16 else {
        bytes.append(contentsOf: UnsafeRawBufferPointer(row))
        return
      }
      withUnsafeTemporaryAllocation(of: UInt16.self, capacity: dimension) { halves in
        cohort_float_to_half(row.baseAddress, halves.baseAddress, dimension)
        bytes.append(contentsOf: UnsafeRawBufferPointer(halves))
      }
    }
    return true
  }
}
