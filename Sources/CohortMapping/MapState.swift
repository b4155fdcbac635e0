/// A map: samples with their places in the plane.
public struct MapState: Hashable, Sendable {
  /// Centroids of the cells through which neighbours are found. They are only ever added.
  public var cells: [[Float]]
  /// Samples in the order in which they were placed.
  public var samples: [UInt64] = []
  /// The place of each sample.
  public var places: [SIMD2<Float>] = []
  /// The cell of each sample.
  public var homes: [UInt32] = []
  /// How many samples were laid out together, by the first layout or the last event, and how many came into new land since.
  public var settled = 0
  public var drifted = 0

  public init(cells: [[Float]]) { self.cells = cells }

  /// Whether so much came into new land that all samples should move a little.
  public var isDue: Bool { drifted > 0 && 4 * drifted >= settled }
}
