package import CohortCore
internal import CohortKernels

/// Vectors of samples as they are stored: L2-normalised in Float32 (`cohort_normalize`, squares added in order), rounded to
/// half floats where the space keeps such, packed.
package struct VectorRows: Sendable {
  /// Values of a row.
  package let dimension: Int
  /// Whether elements are half floats; single floats otherwise.
  package let areHalves: Bool
  package private(set) var ids: [SampleID] = []
  /// The rows, in the order of `ids`: `ids.count * dimension` elements.
  package private(set) var bytes: [UInt8] = []

  /// - Parameter capacity: rows to make room for.
  package init(dimension: Int, areHalves: Bool, capacity: Int) {
    self.dimension = dimension
    self.areHalves = areHalves
    ids.reserveCapacity(capacity)
    bytes.reserveCapacity(capacity * dimension * (areHalves ? 2 : 4))
  }

  /// Adds the vector of a sample, of any length but 0: `dimension` values.
  /// - Returns: false, and adds nothing, when it is zero or not finite.
  package mutating func append(_ vector: UnsafeBufferPointer<Float>, of id: SampleID) -> Bool {
    precondition(vector.count == dimension, "a vector of another dimension")
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { row in
      _ = row.initialize(from: vector)
      var present: UInt8 = 1
      cohort_normalize(COHORT_PATH_BEST, COHORT_SUM_IN_ORDER, row.baseAddress, 1, dimension, &present)
      guard present == 1 else { return false }
      ids.append(id)
      guard areHalves else {
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
