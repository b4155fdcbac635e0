import CohortKernels
import Foundation

/// Assigns all rows to their nearest centroid each time a line comes in, and answers with the time it took: so that a
/// peer in another process can take turns with it. Rows are single floats in memory, as the peers have them.
struct AssignmentServer {
  var vectors = ""
  var centroids = ""
  var threads = 1
  /// Where the last answer goes: u32 a row.
  var out: String?

  func run() throws {
    let rowFile = try VectorFile(vectors)
    let columnFile = try VectorFile(centroids)
    guard rowFile.dimension == columnFile.dimension else { throw BenchError("The dimensions differ") }
    let (count, k, dimension) = (rowFile.rows, columnFile.rows, rowFile.dimension)
    let columns = Columns(columnFile)
    // Pointers are shared by threads that write to slices of their own.
    nonisolated(unsafe) let rows = rowFile.loaded()
    nonisolated(unsafe) let answers = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
    nonisolated(unsafe) let ties = UnsafeMutablePointer<Int>.allocate(capacity: threads)
    answers.initialize(repeating: 0, count: count)
    ties.initialize(repeating: 0, count: threads)
    try Main.say(["ready": true])
    let slice = (count + threads - 1) / threads
    while readLine() != nil {
      let (wall, cpu) = (History.seconds(CLOCK_MONOTONIC), History.seconds(CLOCK_PROCESS_CPUTIME_ID))
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        ties[thread] = columns.assign(
          rows, from: thread * slice, to: min((thread + 1) * slice, count), dimension: dimension, answers)
      }
      let took = History.seconds(CLOCK_MONOTONIC) - wall
      let used = History.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
      if let out {
        try Data(bytes: answers, count: count * 4).write(to: URL(fileURLWithPath: out))
      }
      let decided = (0..<threads).reduce(0) { $0 + ties[$1] }
      try Main.say(["wall": took, "cpu": used, "near_ties": decided, "rows": count, "groups": k])
    }
  }

  /// Centroids, packed for the kernel and plain for the decision of near-ties, as a round has them.
  private struct Columns: @unchecked Sendable {
    // Nothing is written after init.
    let packed: UnsafeMutablePointer<Float>
    let plain: UnsafeMutablePointer<Float>
    let ids: [UInt32]
    let error: Double
    let blockRows: Int

    init(_ file: VectorFile) {
      let (k, dimension) = (file.rows, file.dimension)
      let floats = cohort_packed_size(k, dimension)
      packed = UnsafeMutableRawPointer.allocate(byteCount: floats * 4, alignment: 64)
        .bindMemory(to: Float.self, capacity: floats)
      plain = file.loaded()
      ids = (0..<UInt32(k)).map { $0 }
      blockRows = min(max((1 << 17) / max(dimension, 1), 16), 1_024)
      cohort_pack_clear(packed, k, dimension)
      var greatest = 0.0
      for column in 0..<k {
        cohort_pack_column(packed, dimension, column, plain + column * dimension)
        greatest = max(greatest, cohort_sum_of_squares(plain + column * dimension, dimension))
      }
      error = cohort_score_error(dimension, 1.000001, greatest.squareRoot()) * 1.0001
    }

    /// - Returns: near-ties, which are decided in fixed-order Float64.
    func assign(
      _ rows: UnsafePointer<Float>, from: Int, to: Int, dimension: Int, _ answers: UnsafeMutablePointer<UInt32>
    ) -> Int {
      var ties = 0
      withUnsafeTemporaryAllocation(of: cohort_nearest.self, capacity: blockRows) { results in
        var start = from
        while start < to {
          let count = min(blockRows, to - start)
          cohort_nearest_columns(
            COHORT_PATH_BEST, rows + start * dimension, nil, count, dimension, packed, ids.count, results.baseAddress)
          for i in 0..<count {
            if Double(results[i].second) - Double(results[i].best) > 2 * error {
              answers[start + i] = results[i].column
            } else {
              var distance = 0.0
              let row = rows + (start + i) * dimension
              answers[start + i] = UInt32(
                cohort_nearest_fixed(COHORT_PATH_BEST, row, plain, ids, ids.count, dimension, &distance))
              ties += 1
            }
          }
          start += count
        }
      }
      return ties
    }
  }
}
