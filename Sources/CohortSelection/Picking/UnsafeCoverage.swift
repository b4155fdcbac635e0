internal import CohortKernels
internal import CohortVectors

/// Worth by facility location: how much nearer some references come to a pick, by cosine where that is above 0. References
/// are rows of the cell, all of a small one. Products are in fixed-order Float32 and sums in order, the same bits on every
/// processor; rounding keeps the order of sums, so a worth that was computed earlier is a bound to the last bit.
///
/// Guard of the unchecked conformance: picks are added by the calling thread while no worker runs; a worker writes into the
/// room of its own number only.
final class Coverage: GreedyObjective, @unchecked Sendable {
  /// The most references of a cell.
  static let mostReferences = 2_048

  private let engine: SelectionEngine
  private let references: [Float]
  private let count: Int
  /// The greatest cosine of each reference with a pick; 2 beyond the last, to the end of its panel.
  private(set) var nearest: [Float]
  private(set) var picks = 0
  private let room: WorkerTables<Float>
  /// What a row costs; empty where all cost the same.
  private let costs: [Double]

  /// - Parameter costs: by the rows' places: their worth is divided by it.
  init(_ engine: SelectionEngine, _ rows: GatheredRows, references places: [Int], costs: [Double], worker: Int) throws {
    self.engine = engine
    self.costs = costs
    var (references, count): ([Float], Int) = ([], 0)
    references.reserveCapacity(places.count * engine.dimension)
    try rows.forEach(places, worker: worker) { _, vector in
      guard let vector else { return }
      references.append(contentsOf: UnsafeBufferPointer(start: vector, count: engine.dimension))
      count += 1
    }
    (self.references, self.count) = (references, count)
    nearest = [Float](repeating: 2, count: ColumnSet.panels(count))
    for i in 0..<count { nearest[i] = 0 }
    room = WorkerTables(workers: engine.workers.count, width: max(count, 1), 0)
  }

  /// What the row's worth is divided by.
  func cost(of place: Int) -> Double { costs.isEmpty ? 1 : costs[place] }

  /// What computing a worth takes.
  var multiplications: Int { count * engine.dimension }

  func worth(
    of place: Int, _ vector: UnsafePointer<Float>, known: Worth, bound: Double, worker: Int
  ) -> Worth {
    let products = project(vector, worker)
    var sum = 0.0
    for i in 0..<count {
      let gain = products[i] - nearest[i]
      if gain > 0 { sum += Double(gain) }
    }
    return Worth(value: costs.isEmpty ? sum : sum / costs[place], picks: UInt32(picks))
  }

  func accept(_ place: Int, _ vector: UnsafePointer<Float>) {
    let products = project(vector, 0)
    for i in 0..<count where products[i] > nearest[i] { nearest[i] = products[i] }
    picks += 1
  }

  private func project(_ vector: UnsafePointer<Float>, _ worker: Int) -> UnsafeMutableBufferPointer<Float> {
    let products = room.table(worker)
    references.withUnsafeBufferPointer {
      guard let start = $0.baseAddress, let out = products.baseAddress else { return }
      cohort_project(engine.path, start, count, engine.dimension, vector, out)
    }
    return products
  }
}
