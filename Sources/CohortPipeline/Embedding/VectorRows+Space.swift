internal import CohortStore
internal import CohortVectors

extension VectorRows {
  /// Rows as a space keeps them.
  init(for space: EmbeddingSpace, capacity: Int) {
    self.init(dimension: space.dimension, areHalves: space.element == .float16, capacity: capacity)
  }
}
