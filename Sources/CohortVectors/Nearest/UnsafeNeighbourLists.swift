package import CohortKernels

/// The nearest samples of each of some samples, by cosine.
///
/// Centroids cut the space into cells; the members of a cell are compared with those of the cells nearest to it. That misses a
/// neighbour now and then that lies farther off (with 16 cells of groups by embedding some 4 of 100). Products are blocked
/// Float32; which samples are the nearest among those compared is decided in fixed-order Float64, equal ones by the lowest id.
package struct NeighbourLists {
  /// Cells that are looked at, and members of cells, whichever takes more cells.
  private static let cells = 16
  private static let membersPerNeighbour = 64
  private static let tile = 512

  private let dimension: Int
  private let wanted: Int
  private let workers: Workers
  private let path: cohort_path

  /// - Parameter count: neighbours of each sample, at least 1.
  package init(dimension: Int, count: Int, _ workers: Workers, _ path: cohort_path) {
    self.dimension = dimension
    wanted = max(count, 1)
    self.workers = workers
    self.path = path
  }

  /// Finds the neighbours.
  /// - Parameters:
  ///   - samples: ascending, each with a vector.
  ///   - centroids: what the samples gather around; one alone compares all with all.
  ///   - progress: gets the share of the cells that is done; what it throws ends the work.
  /// - Returns: for each sample its neighbours, nearest first, `id` the index among `samples`.
  /// - Throws: what `source` and `progress` throw.
  package func lists(
    among samples: [UInt64], of source: any RowSource, around centroids: [[Float]],
    _ progress: (Double) throws -> Void = { _ in }
  ) throws -> [[NearRow]] {
    let columns = columns(centroids)
    let homes = try homes(of: samples, source, columns)
    return try lists(of: 0..<samples.count, among: samples, source, columns, homes, progress)
  }

  /// Finds the neighbours of some samples among all, whose cells are known.
  /// - Parameters:
  ///   - wanted: which of the samples.
  ///   - samples: in runs of ascending ids, each with a vector. Equally near ones come in this order.
  ///   - homes: of each sample the index of its centroid, as `homes(of:of:around:)` has them.
  ///   - progress: as above.
  /// - Returns: for each of the wanted samples its neighbours, nearest first, `id` the index among `samples`.
  /// - Throws: what `source` and `progress` throw.
  package func lists(
    of wanted: Range<Int>, among samples: [UInt64], of source: any RowSource, around centroids: [[Float]],
    homes: [UInt32], _ progress: (Double) throws -> Void = { _ in }
  ) throws -> [[NearRow]] {
    try lists(of: wanted, among: samples, source, columns(centroids), homes, progress)
  }

  /// The centroid nearest to each sample, the lowest among equals.
  /// - Throws: what `source` throws.
  package func homes(
    of samples: [UInt64], of source: any RowSource, around centroids: [[Float]]
  ) throws -> [UInt32] {
    try homes(of: samples, source, columns(centroids))
  }

  private func columns(_ centroids: [[Float]]) -> ColumnSet {
    ColumnSet(
      dimension: dimension, slots: 0..<centroids.count, ids: (0..<UInt32(centroids.count)).map { $0 },
      vectors: centroids.flatMap { $0 })
  }

  private func lists(
    of chosen: Range<Int>, among samples: [UInt64], _ source: any RowSource, _ columns: ColumnSet, _ homes: [UInt32],
    _ progress: (Double) throws -> Void
  ) throws -> [[NearRow]] {
    var lists = [[NearRow]](repeating: [], count: chosen.count)
    let members = Self.members(of: homes, columns.count)
    let rows = members.map { $0.filter { chosen.contains(Int($0)) } }
    let busy = rows.indices.filter { !rows[$0].isEmpty }
    let blocks = (0..<workers.count).map { _ in
      RowBlock(dimension: dimension, capacity: RowBlock.rows(dimension: dimension))
    }
    let (some, path, wanted) = (max(workers.count * 4, 8), path, wanted)
    for start in stride(from: 0, to: busy.count, by: some) {
      let cells = Array(busy[start..<min(start + some, busy.count)])
      let near = cells.map { cell in self.near(cell, columns, members) }
      nonisolated(unsafe) let blocks = blocks
      let found = try workers.map(cells.count, isWorthwhile: true) { worker, index in
        try Self.lists(of: rows[cells[index]], among: near[index], samples, source, blocks[worker], wanted, path)
      }
      for (index, cell) in cells.enumerated() {
        for (place, sample) in rows[cell].enumerated() {
          lists[Int(sample) - chosen.lowerBound] = found[index][place]
        }
      }
      try progress(Double(start + cells.count) / Double(busy.count))
    }
    return lists
  }

  /// The samples of each centroid, as indices, ascending.
  package static func members(of homes: [UInt32], _ cells: Int) -> [[UInt32]] {
    var members = [[UInt32]](repeating: [], count: cells)
    for i in homes.indices { members[Int(homes[i])].append(UInt32(i)) }
    return members
  }

  private func homes(of samples: [UInt64], _ source: any RowSource, _ columns: ColumnSet) throws -> [UInt32] {
    let blocks = (0..<workers.count).map { _ in
      RowBlock(dimension: dimension, capacity: RowBlock.rows(dimension: dimension))
    }
    // A worker writes the homes of its own rows only.
    nonisolated(unsafe) let homes = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: samples.count)
    homes.initialize(repeating: 0)
    defer { homes.deallocate() }
    nonisolated(unsafe) let shared = blocks
    let path = path
    try workers.compare(samples, of: source, with: columns, in: blocks, path) { worker, start, _ in
      let (block, scores) = (shared[worker], ScoreBuffer())
      for i in 0..<block.count {
        guard let row = block.pointer(i) else { continue }
        homes[start + i] = UInt32(columns.decide(row, block.result(i), path, scores).column)
      }
    }
    return Array(homes)
  }

  /// The members of a cell and of those around it.
  private func near(_ cell: Int, _ columns: ColumnSet, _ members: [[UInt32]]) -> [UInt32] {
    guard !members[cell].isEmpty else { return [] }
    let distances = (0..<columns.count).map { columns.distance(between: cell, and: $0, path) }
    let order = (0..<columns.count).filter { !members[$0].isEmpty }
      .sorted { (distances[$0], $0) < (distances[$1], $1) }
    var near: [UInt32] = []
    for (number, other) in order.enumerated() {
      guard number < Self.cells || near.count < Self.membersPerNeighbour * wanted else { break }
      near += members[other]
    }
    return near
  }

  private struct Candidate {
    let product: Float
    let index: UInt32
  }

  private static func lists(
    of rows: [UInt32], among near: [UInt32], _ samples: [UInt64], _ source: any RowSource, _ block: RowBlock,
    _ wanted: Int, _ path: cohort_path
  ) throws -> [[NearRow]] {
    guard !rows.isEmpty else { return [] }
    let dimension = block.dimension
    let own = try columns(of: rows, samples, source, block, path)
    var candidates = [[Candidate]](repeating: [], count: rows.count)
    var least = [Float](repeating: -.infinity, count: rows.count)
    let scores = ScoreBuffer()
    for start in stride(from: 0, to: near.count, by: tile) {
      let some = Array(near[start..<min(start + tile, near.count)])
      let others = try columns(of: some, samples, source, block, path)
      let (width, slack) = (ColumnSet.panels(others.count), Float(4 * others.scoreError))
      for first in stride(from: 0, to: rows.count, by: 48) {
        let count = min(48, rows.count - first)
        scores.withRoom(for: count * width) { products in
          cohort_inner_products(
            path, own.plain(first), count, dimension, others.packed, others.count, products, width)
          for i in 0..<count {
            let row = first + i
            for column in 0..<others.count where products[i * width + column] >= least[row] && some[column] != rows[row]
            {
              candidates[row].append(Candidate(product: products[i * width + column], index: some[column]))
            }
            guard candidates[row].count > 4 * wanted else { continue }
            // What is certainly farther than so many others goes.
            candidates[row].sort { $0.product > $1.product }
            least[row] = candidates[row][wanted - 1].product - slack
            let end = candidates[row].lastIndex { $0.product >= least[row] } ?? 0
            candidates[row].removeSubrange((end + 1)...)
          }
        }
      }
    }
    return try rows.indices.map { row in
      let query = CosineQuery(Array(own.values(row)), path)
      candidates[row].sort { $0.product > $1.product }
      let limit =
        candidates[row].count > wanted ? candidates[row][wanted - 1].product - Float(4 * own.scoreError) : -.infinity
      let possible = candidates[row].filter { $0.product >= limit }
      var found: [NearRow] = []
      for start in stride(from: 0, to: possible.count, by: block.capacity) {
        let some = possible[start..<min(start + block.capacity, possible.count)]
        try block.load(some.map { samples[Int($0.index)] }, source, path)
        for (i, candidate) in some.enumerated() where block.isPresent(i) {
          guard let values = block.pointer(i) else { continue }
          found.append(NearRow(id: UInt64(candidate.index), distance: query.distance(to: values)))
        }
      }
      return Array(found.sorted().prefix(wanted))
    }
  }

  private static func columns(
    of rows: [UInt32], _ samples: [UInt64], _ source: any RowSource, _ block: RowBlock, _ path: cohort_path
  ) throws -> ColumnSet {
    let columns = ColumnSet(dimension: block.dimension, capacity: rows.count)
    for start in stride(from: 0, to: rows.count, by: block.capacity) {
      let some = rows[start..<min(start + block.capacity, rows.count)]
      try block.load(some.map { samples[Int($0)] }, source, path)
      for i in 0..<block.count { columns.append(block.values(i), slot: start + i, id: UInt32(start + i)) }
    }
    return columns
  }
}
