internal import CohortCore
internal import CohortKernels
internal import CohortStore

/// A search for the samples of a space that are nearest to a vector. Of samples that are as near as one another, those with the
/// lower ids come first.
struct NearestSearch {
  /// A sample, and 1 less the cosine of the angle between its vector and the one that is searched for.
  struct Neighbour: Comparable {
    var id: UInt64
    var distance: Double

    static func < (a: Self, b: Self) -> Bool { (a.distance, a.id) < (b.distance, b.id) }
  }

  /// Of how many vectors the nearest groups are looked at: one in so many.
  private static let share: UInt64 = 10

  private let query: [Double]
  private let norm: Double
  private let space: EmbeddingSpace
  private let count: Int
  private let session: TableSession

  init(_ query: [Float], space: EmbeddingSpace, count: Int, _ session: TableSession) {
    self.query = query.map(Double.init)
    norm = self.query.reduce(0) { $0 + $1 * $1 }.squareRoot()
    self.space = space
    self.count = count
    self.session = session
  }

  /// The nearest of all.
  /// - Complexity: O(vectors).
  func all(_ transaction: borrowing ReadTransaction) throws -> [Neighbour] {
    try search(columns: [space.states], transaction) { _, _ in true }
  }

  /// The nearest in the groups whose centroids are nearest, which together have a tenth of the vectors, and ten times as many
  /// as are wanted.
  /// - Complexity: O(vectors of those groups), and a scan of the group column.
  func groups(of grouping: GroupingRecord, _ transaction: borrowing ReadTransaction) throws -> [Neighbour] {
    guard grouping.definition.space == space.name else {
      throw CohortError.argument(
        "grouping", "grouping \"\(grouping.name)\" is not by the vectors of space \"\(space.name)\"")
    }
    var groups: [(Neighbour, size: UInt64)] = []
    for group in try session.derived.groups(of: grouping.id, transaction) where group.size > 0 {
      guard case .centroid(let centroid) = group.geometry, centroid.count == space.dimension else { continue }
      groups.append((Neighbour(id: UInt64(group.id.rawValue), distance: distance(centroid)), group.size))
    }
    groups.sort { $0.0 < $1.0 }
    guard !groups.isEmpty else { return try all(transaction) }
    let enough = max(groups.reduce(0) { $0 + $1.size } / Self.share, UInt64(count) * 10)
    // By the groups' numbers, which are small: asked for each sample.
    var chosen = [Bool](repeating: false, count: Int(groups.reduce(0) { max($0, $1.0.id) }) + 1)
    var size: UInt64 = 0
    for group in groups where size < enough {
      chosen[Int(group.0.id)] = true
      size += group.size
    }
    return try search(columns: [space.states, grouping.groupColumn], transaction) { block, row in
      // What came in since the last update is in no group, and may be the nearest.
      let group = block.uint32(1, row)
      return group < chosen.count ? chosen[Int(group)] : group == GroupID.unassigned.rawValue
    }
  }

  private func search(
    columns: [Column], _ transaction: borrowing ReadTransaction, _ isWanted: (ColumnBlock, Int) -> Bool
  ) throws -> [Neighbour] {
    var nearest = NearestHeap(limit: count)
    guard norm > 0 else { return [] }
    let vectors = space.vectors
    var known: (number: UInt64, chunk: ColumnChunk)?
    var values = [Float](repeating: 0, count: space.dimension)
    try transaction.forEachBlock(of: columns) { block in
      try session.checkStop()
      for row in 0..<block.count {
        guard block.uint8(0, row) == VectorState.present.rawValue, !block.isDeleted(row), isWanted(block, row) else {
          continue
        }
        let id = block.first + UInt64(row)
        let (number, place) = id.quotientAndRemainder(dividingBy: UInt64(vectors.rowsPerChunk))
        if known?.number != number { known = try transaction.chunk(vectors, of: id).map { (number, $0) } }
        guard let chunk = known?.chunk, known?.number == number, Int(place) < chunk.count else {
          throw CohortError(
            .storeCorrupted, "The vector of sample \(id) is damaged", place: "space \(space.name)",
            cause: "it is missing")
        }
        decode(chunk.row(Int(place)), into: &values)
        nearest.add(Neighbour(id: id, distance: distance(values)))
      }
      return true
    }
    return nearest.sorted
  }

  private func decode(_ row: UnsafeRawBufferPointer, into values: inout [Float]) {
    guard let source = row.baseAddress else { return }
    if space.element == .float16 {
      cohort_half_to_float(source.assumingMemoryBound(to: UInt16.self), &values, space.dimension)
    } else {
      values.withUnsafeMutableBytes { $0.copyMemory(from: row) }
    }
  }

  private func distance(_ values: [Float]) -> Double {
    let product = cohort_dot(COHORT_PATH_BEST, values, query, values.count)
    let length = cohort_fixed_squares(COHORT_PATH_BEST, values, values.count).squareRoot() * norm
    return length > 0 ? 1 - max(-1, min(1, product / length)) : 1
  }
}

/// The least of many values: a heap with the greatest of them on top.
private struct NearestHeap {
  private let limit: Int
  private var values: [NearestSearch.Neighbour] = []

  init(limit: Int) { self.limit = limit }

  var sorted: [NearestSearch.Neighbour] { values.sorted() }

  mutating func add(_ value: NearestSearch.Neighbour) {
    guard values.count == limit else {
      values.append(value)
      var at = values.count - 1
      while at > 0, values[(at - 1) / 2] < values[at] {
        values.swapAt(at, (at - 1) / 2)
        at = (at - 1) / 2
      }
      return
    }
    guard value < values[0] else { return }
    values[0] = value
    var at = 0
    while true {
      var greatest = at
      for child in [2 * at + 1, 2 * at + 2] where child < limit && values[greatest] < values[child] {
        greatest = child
      }
      if greatest == at { return }
      values.swapAt(at, greatest)
      at = greatest
    }
  }
}
