internal import CohortKernels
internal import CohortVectors

/// Decides whose anchors are nearest. Blocked Float32 scores choose the candidates, with a margin for their error; the
/// order of the nearest is that of fixed-order Float64 distances, then that of the anchors.
final class AnchorVote {
  struct Winner {
    /// Index into the labels.
    var label: Int
    /// Squared distance to the nearest anchor, whatever its label.
    var distance: Double
  }

  private let anchors: AnchorSet
  private let votes: Int
  private let path: cohort_path
  private let columns: ColumnSet
  private let block: RowBlock
  private let halfNorms: [Double]
  /// Inner products of one row with all anchors.
  private var products: [Float]
  private var scores: [Double]
  private let buffer = ScoreBuffer()

  init(_ anchors: AnchorSet, votes: Int, path: cohort_path) {
    self.anchors = anchors
    self.votes = votes
    self.path = path
    columns = ColumnSet(
      dimension: anchors.dimension, slots: Array(0..<anchors.count), ids: (0..<anchors.count).map { UInt32($0) },
      vectors: anchors.vectors)
    block = RowBlock(dimension: anchors.dimension, capacity: RowBlock.rows(dimension: anchors.dimension))
    halfNorms =
      votes == 1
      ? []
      : (0..<anchors.count).map { index in
        anchors.vectors[(index * anchors.dimension)..<((index + 1) * anchors.dimension)].withUnsafeBufferPointer {
          cohort_sum_of_squares($0.baseAddress, anchors.dimension) / 2
        }
      }
    let panel = Int(COHORT_PANEL)
    products = [Float](repeating: 0, count: (anchors.count + panel - 1) / panel * panel)
    scores = [Double](repeating: 0, count: anchors.count)
  }

  /// The winner for each sample, ascending by id; nil for samples without a vector.
  func winners(
    of samples: [UInt64], _ features: any SampleFeatures
  ) throws -> [(sample: UInt64, winner: Winner?)] {
    var result: [(sample: UInt64, winner: Winner?)] = []
    result.reserveCapacity(samples.count)
    for start in stride(from: 0, to: samples.count, by: block.capacity) {
      try block.load(Array(samples[start..<min(start + block.capacity, samples.count)]), features, path)
      if votes == 1 { block.compare(with: columns, path) }
      for (i, sample) in block.samples.enumerated() {
        guard block.isPresent(i), let row = block.pointer(i) else {
          result.append((sample, nil))
          continue
        }
        result.append((sample, votes == 1 ? nearest(i, row) : majority(row)))
      }
    }
    return result
  }

  private func nearest(_ i: Int, _ row: UnsafePointer<Float>) -> Winner {
    let nearest = columns.decide(row, block.result(i), path, buffer)
    return Winner(label: anchors.owners[nearest.column], distance: nearest.distance)
  }

  /// The label that most of the nearest anchors have; among those with as many votes the one whose voters are nearer in
  /// sum, then the first.
  private func majority(_ row: UnsafePointer<Float>) -> Winner {
    let ranking = ranking(row)
    var tally: [Int: (votes: Int, sum: Double)] = [:]
    for (distance, anchor) in ranking {
      let before = tally[anchors.owners[anchor]] ?? (0, 0)
      tally[anchors.owners[anchor]] = (before.votes + 1, before.sum + distance)
    }
    let best = tally.min { ($1.value.votes, $0.value.sum, $0.key) < ($0.value.votes, $1.value.sum, $1.key) }
    return Winner(label: best?.key ?? 0, distance: ranking.first?.distance ?? 0)
  }

  /// The `votes` nearest anchors, nearest first.
  private func ranking(_ row: UnsafePointer<Float>) -> [(distance: Double, anchor: Int)] {
    cohort_inner_products(
      path, row, 1, anchors.dimension, columns.packed, anchors.count, &products, products.count)
    for j in 0..<anchors.count { scores[j] = halfNorms[j] - Double(products[j]) }
    let worst = scores.sorted()[votes - 1] + 2 * columns.scoreError
    var candidates: [(distance: Double, anchor: Int)] = []
    for j in 0..<anchors.count where scores[j] <= worst {
      candidates.append((columns.distance(row, to: j, path), j))
    }
    candidates.sort { ($0.distance, $0.anchor) < ($1.distance, $1.anchor) }
    return Array(candidates.prefix(votes))
  }
}
