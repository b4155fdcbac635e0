internal import CohortKernels
internal import CohortVectors

extension SelectionEngine {
  /// Memory for sums of vectors that all threads together may use.
  private static let sumBytes = 256 << 20

  /// The centroid of each cluster of a pool: what is known, else the mean of its rows.
  /// - Returns: nil for a cluster without a row that has a vector.
  package func centroids(of pool: SelectionPool) throws -> [[Float]?] {
    try centroids(of: pool.ids, labels: pool.clusters, count: pool.clusterCount, known: pool.centroids)
  }

  /// The means of rows with the same label, by exact sums: whoever adds which row, they are the same bits.
  /// - Parameters:
  ///   - ids: ascending.
  ///   - labels: one a row, below `count`.
  ///   - known: centroids that need no computing.
  /// - Returns: nil for a label without a row that has a vector.
  func centroids(of ids: [UInt64], labels: [UInt32], count: Int, known: [[Float]?]) throws -> [[Float]?] {
    let isWanted = (0..<count).map { $0 >= known.count || known[$0] == nil }
    var result = known + [[Float]?](repeating: nil, count: max(0, count - known.count))
    guard isWanted.contains(true) else { return result }
    let rows = ids.indices.filter { isWanted[Int(labels[$0])] }
    let mine = rows.map { labels[$0] }
    // Tables of all labels would not fit into memory for each thread where there are very many.
    let fits = count * (dimension + 1) * 8 * workers.count <= Self.sumBytes
    let tables = fits ? workers.count : 1
    let sums = WorkerTables<Int64>(workers: tables, width: count * dimension, 0)
    let members = WorkerTables<UInt64>(workers: tables, width: count, 0)
    try scan(rows.map { ids[$0] }, stage: "centroids", most: fits ? .max : 1) { worker, block, start in
      guard let sum = sums.table(worker).baseAddress else { return }
      let members = members.table(worker)
      for i in 0..<block.count where block.isPresent(i) {
        guard let row = block.pointer(i) else { continue }
        let label = Int(mine[start + i])
        cohort_sum_add(self.path, sum + label * self.dimension, row, self.dimension)
        members[label] += 1
      }
    }
    for label in 0..<count where isWanted[label] {
      var sum = [Int64](repeating: 0, count: dimension)
      var total: UInt64 = 0
      for table in 0..<tables {
        let part = sums.table(table)
        for i in 0..<dimension { sum[i] &+= part[label * dimension + i] }
        total += members.table(table)[label]
      }
      guard total > 0 else { continue }
      var mean = [Float](repeating: 0, count: dimension)
      cohort_sum_mean(sum, Double(total), &mean, dimension)
      result[label] = mean
    }
    return result
  }

  /// The squared distance of each row to the centroid of its cell; -1 for a row without a vector, of a cell without a
  /// centroid, or of one that is not asked for, whose vectors are not read.
  /// - Parameters:
  ///   - ids: ascending.
  ///   - cells: one a row, below `isAsked.count`.
  ///   - centroids: one a cell.
  func distances(
    of ids: [UInt64], cells: [UInt32], isAsked: [Bool], centroids: [[Float]?], stage: String
  ) throws -> SharedTable<Double> {
    let rows = ids.indices.filter { isAsked[Int(cells[$0])] && centroids[Int(cells[$0])] != nil }
    let distances = SharedTable(ids.count, -1.0)
    let centers = CenterTable(centroids, dimension: dimension)
    try scan(rows.map { ids[$0] }, stage: stage) { _, block, start in
      for i in 0..<block.count where block.isPresent(i) {
        let place = rows[start + i]
        guard let row = block.pointer(i), let center = centers[Int(cells[place])] else { continue }
        distances[place] = cohort_squared_distance(self.path, row, center, self.dimension)
      }
    }
    return distances
  }
}

/// Centroids one after the other, as kernels want them. Freed with the object.
///
/// Guard of the unchecked conformance: nothing changes it.
final class CenterTable: @unchecked Sendable {
  private let values: UnsafeMutablePointer<Float>
  private let places: [Int]
  private let dimension: Int

  init(_ centroids: [[Float]?], dimension: Int) {
    self.dimension = dimension
    values = .allocate(capacity: max(centroids.count * dimension, 1))
    values.initialize(repeating: 0, count: max(centroids.count * dimension, 1))
    var places: [Int] = []
    for (index, centroid) in centroids.enumerated() {
      places.append(centroid == nil ? -1 : index)
      if let centroid {
        for (i, value) in centroid.prefix(dimension).enumerated() { values[index * dimension + i] = value }
      }
    }
    self.places = places
  }

  deinit { values.deallocate() }

  /// Valid as long as the table is; nil where there is no centroid.
  subscript(_ index: Int) -> UnsafePointer<Float>? {
    places[index] < 0 ? nil : UnsafePointer(values + places[index] * dimension)
  }
}
