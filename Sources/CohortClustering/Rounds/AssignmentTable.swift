public import CohortCore

/// The stored assignments of one grouping, as they were before the round: the driver implements it over the store's
/// packed columns.
///
/// A sample that never got an assignment reads as `.unassigned`. Provisional assignments (distance with the sign bit
/// set) may be visible: rounds look through them.
///
/// Rounds with several workers call it from several threads at once.
public protocol AssignmentTable: Sendable {
  /// One past the greatest sample id there is.
  var sampleCount: UInt64 { get }

  /// The assignment of one sample below `sampleCount`.
  func assignment(of sample: SampleID) throws -> Assignment

  /// Calls `body` with consecutive blocks that cover `samples` exactly once, in ascending order of ids. The buffers are
  /// valid only inside `body` and may point into the map.
  /// - Parameter body: the first id of the block, then group ids and distances of the block's samples.
  func scan(
    _ samples: Range<UInt64>,
    _ body: (
      _ first: UInt64, _ groups: UnsafeBufferPointer<UInt32>, _ distances: UnsafeBufferPointer<Float>
    ) throws -> Void
  ) throws
}

/// The features of stored samples, read in blocks while a round needs them: embeddings stream from the map, so that a
/// round's memory never grows with the store.
///
/// The same sample gives the same bits every time, also after its deletion as long as the deletion has not been applied.
/// Rounds with several workers call it from several threads at once.
public protocol SampleFeatures: Sendable {
  /// Writes the vectors of `samples` (runs of ascending ids) as consecutive rows of `dimension` values. They need not be
  /// normalised: the round normalises them in Float32.
  /// - Parameters:
  ///   - rows: `samples.count * dimension` values.
  ///   - present: one flag a sample: 0 when it has no vector (its row is then ignored).
  func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into rows: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws

  /// Calls `body` with where the vectors of `samples` (runs of ascending ids) lie, when they are stored as half floats and can be
  /// read in place: most samples that a repair looks at are ruled out without being copied.
  /// - Parameter body: the addresses of consecutive samples, nil for one without a vector, and the index of the first
  ///   of these samples. Called until all samples had their turn, in order. Addresses are valid only inside `body`.
  /// - Returns: false, without having called `body`, when they cannot; then `readVectors` is used.
  func withHalfVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int,
    _ body: (_ first: Int, _ rows: UnsafeBufferPointer<UnsafePointer<UInt16>?>) throws -> Void
  ) throws -> Bool

  /// Writes the lengths that a `.length` grouping divides by, of the samples `first ..< first + lengths.count`.
  func readLengths(from first: UInt64, into lengths: UnsafeMutableBufferPointer<UInt64>) throws
}

extension SampleFeatures {
  /// For features without vectors: throws `clustering.no-vectors`.
  public func readVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int, into rows: UnsafeMutableBufferPointer<Float>,
    present: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    throw CohortError(.clusteringNoVectors, "These samples have no vectors to read")
  }

  /// For vectors that are stored in another way: false.
  public func withHalfVectors(
    of samples: UnsafeBufferPointer<UInt64>, dimension: Int,
    _ body: (_ first: Int, _ rows: UnsafeBufferPointer<UnsafePointer<UInt16>?>) throws -> Void
  ) throws -> Bool { false }

  /// For features without lengths: throws `clustering.no-lengths`.
  public func readLengths(from first: UInt64, into lengths: UnsafeMutableBufferPointer<UInt64>) throws {
    throw CohortError(.clusteringNoLengths, "These samples have no lengths to read")
  }
}
