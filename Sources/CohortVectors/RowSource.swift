/// Vectors of stored samples, read in blocks while they are needed: embeddings stream from the map, so that the memory of
/// whoever works with them never grows with the store. Clustering, core sets and nearest queries read through it; the
/// store's reader implements it. (Public, because what clustering reads samples through is.)
///
/// The same sample gives the same bits every time. It may be called from several threads at once.
public protocol RowSource: Sendable {
  /// Writes the vectors of `samples` (runs of ascending ids) as consecutive rows of `dimension` values. They need not be
  /// normalised: `RowBlock` normalises them in Float32.
  /// - Parameters:
  ///   - rows: `samples.count * dimension` values.
  ///   - present: one flag a sample: 1, or 0 when it has no vector (its row is then ignored).
  /// - Throws: when the vectors are damaged, or have another dimension.
  func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into rows: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws

  /// Calls `body` with where the vectors of `samples` (runs of ascending ids) lie, when they are stored as half floats
  /// and can be read in place: most rows are ruled out by `HalfFilter` without being copied.
  /// - Parameter body: the addresses of consecutive samples, nil for one without a vector, and the index of the first
  ///   of these samples. Called until all samples had their turn, in order. Addresses are valid only inside `body`.
  /// - Returns: false, without having called `body`, when they cannot; then `readVectors` is used.
  func withHalfVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int,
    _ body: (_ first: Int, _ rows: UnsafeBufferPointer<UnsafePointer<UInt16>?>) throws -> Void
  ) throws -> Bool
}

extension RowSource {
  /// For vectors that are stored in another way: false.
  public func withHalfVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int,
    _ body: (_ first: Int, _ rows: UnsafeBufferPointer<UnsafePointer<UInt16>?>) throws -> Void
  ) throws -> Bool { false }
}
