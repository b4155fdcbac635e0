public import CohortCore
public import CohortVectors

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

/// What groupings divide stored samples by, read in blocks while a round needs it: their vectors, and their lengths.
///
/// The same sample gives the same bits every time, also after its deletion as long as the deletion has not been applied.
/// Rounds with several workers call it from several threads at once.
public protocol SampleFeatures: RowSource {
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

  /// For features without lengths: throws `clustering.no-lengths`.
  public func readLengths(from first: UInt64, into lengths: UnsafeMutableBufferPointer<UInt64>) throws {
    throw CohortError(.clusteringNoLengths, "These samples have no lengths to read")
  }
}
