internal import CohortKernels
internal import CohortVectors

/// Worth by distance to the nearest pick (Gonzalez 1985): farthest first. Of rows of length 1 the farthest is the one whose
/// greatest inner product with a pick is least; products are in fixed-order Float32, the same bits on every processor.
///
/// Guard of the unchecked conformance: picks are added by the calling thread while no worker runs; a worker writes into the
/// room of its own number only.
final class FarthestFirst: GreedyObjective, @unchecked Sendable {
  /// Picks that a row is compared with before it is seen whether that settles it.
  private static let picksAtOnce = 32

  private let engine: SelectionEngine
  private var vectors: [Float] = []
  private(set) var picks = 0
  private let room: WorkerTables<Float>

  init(_ engine: SelectionEngine) {
    self.engine = engine
    room = WorkerTables(workers: engine.workers.count, width: Self.picksAtOnce, 0)
  }

  func worth(
    of place: Int, _ vector: UnsafePointer<Float>, known: Worth, bound: Double, worker: Int
  ) -> Worth {
    var worth = known
    let products = room.table(worker)
    guard let out = products.baseAddress else { return worth }
    vectors.withUnsafeBufferPointer { vectors in
      guard let start = vectors.baseAddress else { return }
      while Int(worth.picks) < picks, worth.value >= bound {
        let first = Int(worth.picks)
        let count = min(picks - first, Self.picksAtOnce)
        cohort_project(
          engine.path, start + first * engine.dimension, count, engine.dimension, vector, out)
        for i in 0..<count { worth.value = min(worth.value, -Double(products[i])) }
        worth.picks += UInt32(count)
      }
    }
    return worth
  }

  func accept(_ place: Int, _ vector: UnsafePointer<Float>) {
    vectors.append(contentsOf: UnsafeBufferPointer(start: vector, count: engine.dimension))
    picks += 1
  }
}
