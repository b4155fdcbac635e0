internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// A k-means++ of a sample, from nothing, to measure a state against: Arthur and Vassilvitskii's seeding (2007), then
/// Lloyd steps. The same bits on every machine: distances that decide are fixed-order Float64, sums are integers, and the
/// draws are a keyed counter's.
struct ShadowClustering {
  let dimension: Int
  /// `dimension` values a centroid.
  private(set) var centroids: [Float] = []
  /// Rows of the sample of which each centroid is the mean.
  private(set) var counts: [UInt64] = []
  private(set) var innerProducts: UInt64 = 0

  /// When Lloyd steps end.
  struct Effort {
    var mostSteps: Int
    /// They end when one lowers the error by less than this share.
    var leastProgress: Double

    /// For a part of a store: to say how good groups could be, and not to be the groups.
    static let glance = Effort(mostSteps: 3, leastProgress: 0.005)
    /// For all samples of a small one.
    static let thorough = Effort(mostSteps: 24, leastProgress: 0.0005)
    /// For all samples, when there are more of them.
    static let brief = Effort(mostSteps: 8, leastProgress: 0.002)
  }

  /// Summed squared distance of the sample's rows to the centroids of the last step but one.
  private(set) var error = 0.0

  var count: Int { centroids.count / dimension }

  /// - Parameters:
  ///   - groups: how many centroids; fewer come out when the sample has fewer distinct rows.
  ///   - key: names the stream of draws.
  /// - Complexity: about 2 + steps times rows x groups distances.
  init(
    of sample: ShadowSample, groups: Int, key: UInt64, _ effort: Effort, _ work: Workspace
  ) throws {
    dimension = work.dimension
    try seed(sample, groups, key, work)
    for _ in 0..<effort.mostSteps {
      let before = sample.error
      center(sample, work.path)
      sample.forget()
      try compare(sample, with: 0..<count, work)
      guard sample.error < before * (1 - effort.leastProgress) else { break }
    }
    error = sample.error
    center(sample, work.path)
  }

  func columns() -> ColumnSet {
    ColumnSet(
      dimension: dimension, slots: 0..<count, ids: (0..<count).map { UInt32($0) }, vectors: centroids)
  }

  /// The draws of k-means++, a panel of columns at a time: a row is drawn by its squared distance to the centroids of the
  /// panels before, and kept with the probability by which those of its own panel have lowered it. So each is drawn by
  /// its distance to all before it, and distances are computed by the blocked kernel.
  private mutating func seed(_ sample: ShadowSample, _ groups: Int, _ key: UInt64, _ work: Workspace) throws {
    guard sample.count > 0, let first = sample.row(Int(Mixing.key(key) % UInt64(sample.count))) else { return }
    var draws = Draws(key: key)
    centroids = Array(UnsafeBufferPointer(start: first, count: dimension))
    var placed = 0
    while true {
      try compare(sample, with: placed..<count, work)
      placed = count
      guard placed < groups else { break }
      var upTo: [Double] = []
      upTo.reserveCapacity(sample.count)
      var sum = 0.0
      for i in 0..<sample.count {
        sum += sample.distance(i)
        upTo.append(sum)
      }
      guard sum > 0 else { break }
      // The first panels grow: draws from old distances are kept less often while there are few centroids.
      let wanted = min(groups, placed + min(Int(COHORT_PANEL), max(1, placed)))
      var attempts = 8 * (wanted - placed)
      while count < wanted, attempts > 0 {
        attempts -= 1
        let drawn = Self.firstIndex(in: upTo, above: draws.unit() * sum)
        let kept = draws.unit()
        let distance = sample.distance(drawn)
        guard distance > 0, let row = sample.row(drawn) else { continue }
        guard kept * distance < leastDistance(row, from: placed, work.path) else { continue }
        centroids.append(contentsOf: UnsafeBufferPointer(start: row, count: dimension))
      }
      guard count > placed else { break }
    }
  }

  /// The squared distance to the nearest of the last centroids; infinite when there are none.
  private func leastDistance(_ row: UnsafePointer<Float>, from first: Int, _ path: cohort_path) -> Double {
    centroids.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return .infinity }
      var least = Double.infinity
      for at in stride(from: first * dimension, to: $0.count, by: dimension) {
        least = min(least, cohort_squared_distance(path, row, base + at, dimension))
      }
      return least
    }
  }

  private static func firstIndex(in upTo: [Double], above value: Double) -> Int {
    var (low, high) = (0, upTo.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if upTo[middle] > value { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Compares all rows with some centroids.
  private mutating func compare(_ sample: ShadowSample, with some: Range<Int>, _ work: Workspace) throws {
    let columns = ColumnSet(
      dimension: dimension, slots: some, ids: (0..<count).map { UInt32($0) }, vectors: centroids)
    try sample.compare(with: columns, work)
    innerProducts += UInt64(sample.count * columns.count)
  }

  /// Moves centroids to the means of their rows; those without rows stay.
  private mutating func center(_ sample: ShadowSample, _ path: cohort_path) {
    var sums = [Int64](repeating: 0, count: centroids.count)
    counts = [UInt64](repeating: 0, count: count)
    sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      for i in 0..<sample.count {
        guard let row = sample.row(i) else { continue }
        let column = sample.column(i)
        counts[column] += 1
        cohort_sum_add(path, base + column * dimension, row, dimension)
      }
      centroids.withUnsafeMutableBufferPointer { centroids in
        guard let mean = centroids.baseAddress else { return }
        for (column, members) in counts.enumerated() where members > 0 {
          cohort_sum_mean(base + column * dimension, Double(members), mean + column * dimension, dimension)
        }
      }
    }
  }

  /// What the squared distance of a held-out row to a centroid would be if this partition were that of all samples, by
  /// expectation: the mean of m rows lies 1/m of their variance away from the true one, that of a whole group of n 1/n.
  func fairDistance(_ distance: Double, to column: Int, share: Double) -> Double {
    let members = Double(max(counts[column], 1))
    return distance * members / (members + 1) * (1 - min(share / members, 1))
  }
}

/// Numbers drawn from a key and a counter: no state but that, no system randomness.
private struct Draws {
  let key: UInt64
  var counter: UInt64 = 0

  init(key: UInt64) { self.key = key }

  /// In 0 ..< 1.
  mutating func unit() -> Double {
    counter += 1
    return Double(Mixing.key(key, counter) >> 11) * 0x1p-53
  }
}
