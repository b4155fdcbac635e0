internal import CohortKernels
internal import CohortVectors

/// The rows that a shadow clustering is made of, in memory, with the nearest centroid of each so far.
final class ShadowSample {
  /// Guard of the unchecked conformance: while workers run, a block belongs to the one that runs its part.
  private final class Block: @unchecked Sendable {
    let rows: RowBlock
    var columns: [Int]
    var distances: [Double]

    init(dimension: Int, count: Int) {
      rows = RowBlock(dimension: dimension, capacity: count)
      columns = [Int](repeating: 0, count: count)
      distances = [Double](repeating: .infinity, count: count)
    }
  }

  private static let rowsPerBlock = 512

  let count: Int
  private let blocks: [Block]

  /// Reads and normalises members of groups, ascending by id.
  init(_ samples: [UInt64], _ features: any SampleFeatures, _ work: Workspace) throws {
    count = samples.count
    let starts = Array(stride(from: 0, to: samples.count, by: Self.rowsPerBlock))
    let blocks = starts.map {
      Block(dimension: work.dimension, count: min(Self.rowsPerBlock, samples.count - $0))
    }
    self.blocks = blocks
    let path = work.path
    try work.workers.run(
      parts: blocks.count, isWorthwhile: Workers.isWorthwhile(samples.count * 8 * work.dimension)
    ) { _, part in
      try blocks[part].rows.loadMembers(
        Array(samples[starts[part]..<min(starts[part] + Self.rowsPerBlock, samples.count)]), features, path)
    }
  }

  /// Valid as long as the sample.
  func row(_ i: Int) -> UnsafePointer<Float>? { blocks[i / Self.rowsPerBlock].rows.pointer(i % Self.rowsPerBlock) }

  /// The slot of the nearest centroid among those that the row was compared with.
  func column(_ i: Int) -> Int { blocks[i / Self.rowsPerBlock].columns[i % Self.rowsPerBlock] }

  /// The squared distance to it, in fixed-order Float64.
  func distance(_ i: Int) -> Double { blocks[i / Self.rowsPerBlock].distances[i % Self.rowsPerBlock] }

  var error: Double { (0..<count).reduce(0) { $0 + distance($1) } }

  /// Forgets what the rows were compared with.
  func forget() {
    for block in blocks { block.distances = [Double](repeating: .infinity, count: block.distances.count) }
  }

  /// Compares each row with more centroids; among equally near ones the first stays.
  func compare(with columns: ColumnSet, _ work: Workspace) throws {
    let (blocks, lanes, path) = (blocks, work.lanes, work.path)
    try work.workers.run(
      parts: blocks.count, isWorthwhile: Workers.isWorthwhile(count * columns.count * work.dimension)
    ) { worker, part in
      let block = blocks[part]
      block.rows.compare(with: columns, path)
      for i in 0..<block.rows.count {
        guard let row = block.rows.pointer(i) else { continue }
        let found = columns.decide(row, block.rows.result(i), path, lanes[worker].scores)
        guard found.distance < block.distances[i] else { continue }
        block.distances[i] = found.distance
        block.columns[i] = columns.slots[found.column]
      }
    }
  }
}

extension Workspace {
  /// The nearest of some columns for each of some members of groups, ascending by sample: the slot of the column, and the
  /// squared distance.
  func nearest(
    _ columns: ColumnSet, to samples: [UInt64], _ context: inout RoundContext
  ) throws -> [Lane.Move] {
    try compare(samples, areMembers: true, with: columns, context.features) { lane, _ in
      for (i, sample) in lane.block.samples.enumerated() {
        guard let found = lane.decide(i, of: lane.block, among: columns) else { continue }
        lane.moves.append(
          Lane.Move(sample: sample, from: -1, to: Int32(columns.slots[found.column]), distance: Float(found.distance)))
      }
    }
    var found: [Lane.Move] = []
    found.reserveCapacity(samples.count)
    for lane in lanes {
      found += lane.moves
      context.outcome.statistics += lane.statistics
      lane.moves.removeAll(keepingCapacity: true)
      lane.statistics = RoundStatistics()
    }
    return found.sorted { $0.sample < $1.sample }
  }
}
