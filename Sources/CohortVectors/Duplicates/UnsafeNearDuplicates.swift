package import CohortKernels

/// Clusters of samples whose vectors are near-duplicates: the connected components of the graph that joins two samples when
/// the cosine of their vectors is at least a bound (SemDeDup, Abbas et al. 2023, without its loss at the borders of groups).
///
/// Centroids cut the space into cells. Two vectors of length 1 with a cosine of t are √(2 - 2t) apart; if they lie in the
/// cells of two centroids, both lie within that of the plane between them. So a sample is compared with its own cell, and
/// with those samples of another cell that lie near their common border: the answer is that of comparing all pairs,
/// whatever the centroids are.
///
/// Products are taken in blocked Float32; what is within their error of the bound is decided in fixed-order Float64. So
/// neither workers nor processors show in the clusters.
package struct NearDuplicates {
  /// A pair that joined two sets: indices of samples.
  private struct Edge: Sendable {
    let a: UInt32
    let b: UInt32
  }

  /// A piece of the comparison: all pairs of rows and columns, or of a cell's members among themselves.
  private struct Unit: Sendable {
    let rows: [UInt32]
    let columns: [UInt32]
    /// Rows and columns are the same members, of which the columns are some: each pair is looked at once.
    let isWithin: Bool
  }

  /// Columns that are packed at a time.
  private static let tile = 512

  private let dimension: Int
  private let bound: Double
  private let workers: Workers
  private let path: cohort_path
  private let blocks: [RowBlock]
  /// Pairs of vectors whose product was taken.
  package private(set) var compared: UInt64 = 0
  /// Samples that have no vector.
  package private(set) var without = 0

  /// - Parameter cosine: the least cosine of two near-duplicates, above 0 and at most 1.
  package init(dimension: Int, cosine: Double, _ workers: Workers, _ path: cohort_path) {
    self.dimension = dimension
    bound = cosine
    self.workers = workers
    self.path = path
    blocks = (0..<workers.count).map { _ in
      RowBlock(dimension: dimension, capacity: RowBlock.rows(dimension: dimension))
    }
  }

  /// Finds the clusters among some samples.
  /// - Parameters:
  ///   - samples: ascending.
  ///   - centroids: any vectors that the samples gather around; where there are none, some of the samples serve.
  ///   - progress: gets the part that is done, 0 to 1; what it throws ends the work.
  /// - Returns: clusters of at least two samples, each ascending, in the order of their lowest id.
  /// - Throws: what `source` and `progress` throw.
  /// - Complexity: samples x centroids products, and those within the cells and near their borders.
  package mutating func clusters(
    among samples: [UInt64], of source: any RowSource, around centroids: [[Float]] = [],
    _ progress: (Double) throws -> Void = { _ in }
  ) throws -> [[UInt64]] {
    guard samples.count > 1 else { return [] }
    let cells = ColumnSet(rows: centroids.isEmpty ? try pivots(of: samples, source) : centroids, dimension: dimension)
    guard cells.count > 0 else { return [] }
    let units = try divide(samples, source, cells, progress)
    var sets = DisjointSets(count: samples.count)
    // Some units at a time, so that the work can be ended between them.
    let (some, path, bound) = (max(workers.count * 16, 64), path, bound)
    nonisolated(unsafe) let blocks = blocks
    for start in stride(from: 0, to: units.count, by: some) {
      let part = units[start..<min(start + some, units.count)]
      let edges = try workers.map(
        part.count,
        isWorthwhile: Workers.isWorthwhile(part.reduce(0) { $0 + $1.rows.count * $1.columns.count } * dimension)
      ) { worker, index in
        try Self.edges(of: part[part.startIndex + index], samples, source, blocks[worker], bound, path)
      }
      for edge in edges.joined() { sets.join(edge.a, edge.b) }
      compared += part.reduce(0) { $0 + UInt64($1.rows.count) * UInt64($1.columns.count) }
      try progress(0.5 + 0.5 * Double(start + part.count) / Double(units.count))
    }
    return sets.sets().map { $0.map { samples[Int($0)] } }
  }

  /// The cosines of some samples' vectors to that of the first, 1 for itself: Float64 in fixed order.
  package func cosines(of samples: [UInt64], in source: any RowSource) throws -> [Double] {
    let block = blocks[0]
    var query: CosineQuery?
    var cosines: [Double] = []
    for start in stride(from: 0, to: samples.count, by: block.capacity) {
      try block.load(Array(samples[start..<min(start + block.capacity, samples.count)]), source, path)
      for i in 0..<block.count {
        guard block.isPresent(i), let row = block.pointer(i) else {
          cosines.append(0)
          continue
        }
        let known = query ?? CosineQuery(Array(block.values(i)), path)
        query = known
        cosines.append(1 - known.distance(to: row))
      }
    }
    return cosines
  }

  // MARK: Cells

  /// Some samples' own vectors, about the root of their number; one where comparing all is as good.
  private func pivots(of samples: [UInt64], _ source: any RowSource) throws -> [[Float]] {
    let count = samples.count < 4 * Self.tile ? 1 : min(Int(Double(samples.count).squareRoot()), 4096)
    let block = blocks[0]
    var pivots: [[Float]] = []
    let chosen = (0..<count).map { samples[$0 * samples.count / count] }
    for start in stride(from: 0, to: chosen.count, by: block.capacity) {
      try block.load(Array(chosen[start..<min(start + block.capacity, chosen.count)]), source, path)
      for i in 0..<block.count where block.isPresent(i) { pivots.append(Array(block.values(i))) }
    }
    // The chosen ones may have no vector; then any direction serves.
    return pivots.isEmpty ? [[1] + [Float](repeating: 0, count: dimension - 1)] : pivots
  }

  /// What one part of the samples says of the cells.
  private struct Borders: Sendable {
    var home: [UInt32] = []
    var near: [(pair: UInt64, sample: UInt32)] = []
  }

  /// Puts each sample into the cell of its nearest centroid, and notes the other cells whose border is near.
  private mutating func divide(
    _ samples: [UInt64], _ source: any RowSource, _ cells: ColumnSet, _ progress: (Double) throws -> Void
  ) throws -> [Unit] {
    let (path, rows, width) = (path, blocks[0].capacity, ColumnSet.panels(cells.count))
    let halfNorms = (0..<cells.count).map { cells.halfNorm($0) }
    let reach = reach(of: cells)
    var members = [[UInt32]](repeating: [], count: cells.count)
    var borders: [UInt64: [UInt32]] = [:]
    let (parts, some) = ((samples.count + rows - 1) / rows, max(workers.count * 64, 256))
    nonisolated(unsafe) let blocks = blocks
    for start in stride(from: 0, to: parts, by: some) {
      let end = min(start + some, parts)
      let found = try workers.map(
        end - start, isWorthwhile: Workers.isWorthwhile(rows * cells.count * dimension)
      ) { worker, index -> Borders in
        let first = (start + index) * rows
        let block = blocks[worker]
        try block.load(Array(samples[first..<min(first + rows, samples.count)]), source, path)
        return Self.borders(of: block, first, cells, halfNorms, reach, width, path)
      }
      for (index, part) in found.enumerated() {
        for (i, home) in part.home.enumerated() {
          if home == .max { without += 1 } else { members[Int(home)].append(UInt32((start + index) * rows + i)) }
        }
        for (pair, sample) in part.near { borders[pair, default: []].append(sample) }
      }
      compared += UInt64(min(end * rows, samples.count) - start * rows) * UInt64(cells.count)
      try progress(0.5 * Double(end) / Double(parts))
    }
    return Self.units(members, borders)
  }

  /// How far the score of another centroid may be above that of the nearest one for samples near the border of both: one
  /// row of values for each centroid.
  private func reach(of cells: ColumnSet) -> [[Float]] {
    // Of vectors of length 1 that are as near as the bound; what is added leaves room for rounding.
    let apart = max(2 - 2 * bound, 0).squareRoot() + 1e-5
    return (0..<cells.count).map { a in
      (0..<cells.count).map { b in
        let between = cells.distance(between: a, and: b, path).squareRoot()
        return Float(apart * between + 6 * cells.scoreError + 1e-6).nextUp
      }
    }
  }

  private static func borders(
    of block: RowBlock, _ first: Int, _ cells: ColumnSet, _ halfNorms: [Float], _ reach: [[Float]], _ width: Int,
    _ path: cohort_path
  ) -> Borders {
    var borders = Borders(home: [UInt32](repeating: .max, count: block.count))
    guard block.count > 0, let start = block.pointer(0) else { return borders }
    ScoreBuffer().withRoom(for: block.count * width) { products in
      cohort_inner_products(path, start, block.count, block.dimension, cells.packed, cells.count, products, width)
      for i in 0..<block.count where block.isPresent(i) {
        let row = products + i * width
        var (home, least) = (0, Float.infinity)
        for cell in 0..<cells.count {
          let score = halfNorms[cell] - row[cell]
          if score < least { (home, least) = (cell, score) }
        }
        borders.home[i] = UInt32(home)
        let reach = reach[home]
        for cell in 0..<cells.count where cell != home && halfNorms[cell] - row[cell] - least <= reach[cell] {
          borders.near.append((UInt64(home) << 32 | UInt64(cell), UInt32(first + i)))
        }
      }
    }
    return borders
  }

  private static func units(_ members: [[UInt32]], _ borders: [UInt64: [UInt32]]) -> [Unit] {
    var units: [Unit] = []
    for cell in members where cell.count > 1 {
      for start in stride(from: 0, to: cell.count, by: tile) {
        let columns = Array(cell[start..<min(start + tile, cell.count)])
        units.append(Unit(rows: Array(cell[start...]), columns: columns, isWithin: true))
      }
    }
    for (pair, rows) in borders.sorted(by: { $0.key < $1.key }) where pair >> 32 < pair & 0xffff_ffff {
      guard let columns = borders[(pair & 0xffff_ffff) << 32 | pair >> 32] else { continue }
      for start in stride(from: 0, to: columns.count, by: tile) {
        units.append(
          Unit(rows: rows, columns: Array(columns[start..<min(start + tile, columns.count)]), isWithin: false))
      }
    }
    return units
  }

  // MARK: Pairs

  private static func edges(
    of unit: Unit, _ samples: [UInt64], _ source: any RowSource, _ block: RowBlock, _ bound: Double, _ path: cohort_path
  ) throws -> [Edge] {
    let columns = ColumnSet(dimension: block.dimension, capacity: unit.columns.count)
    for start in stride(from: 0, to: unit.columns.count, by: block.capacity) {
      let some = unit.columns[start..<min(start + block.capacity, unit.columns.count)]
      try block.load(some.map { samples[Int($0)] }, source, path)
      // All of them have vectors: they are members of a cell.
      for i in 0..<block.count { columns.append(block.values(i), slot: start + i, id: UInt32(start + i)) }
    }
    // The error of a product of two rows of length 1.
    let least = Float(bound - 2 * columns.scoreError - 1e-6)
    let width = ColumnSet.panels(columns.count)
    let scores = ScoreBuffer()
    var sets = DisjointSets(count: unit.rows.count + (unit.isWithin ? 0 : unit.columns.count))
    let other = unit.isWithin ? 0 : unit.rows.count
    var edges: [Edge] = []
    for start in stride(from: 0, to: unit.rows.count, by: block.capacity) {
      let some = unit.rows[start..<min(start + block.capacity, unit.rows.count)]
      try block.load(some.map { samples[Int($0)] }, source, path)
      guard let first = block.pointer(0) else { continue }
      scores.withRoom(for: block.count * width) { products in
        cohort_inner_products(path, first, block.count, block.dimension, columns.packed, columns.count, products, width)
        for i in 0..<block.count {
          let row = start + i
          // Rows of a cell begin with its columns.
          let end = unit.isWithin ? min(row, columns.count) : columns.count
          var query: CosineQuery?
          for column in 0..<end where products[i * width + column] >= least {
            let (a, b) = (UInt32(row), UInt32(other + column))
            guard sets.lowest(of: a) != sets.lowest(of: b) else { continue }
            let known = query ?? CosineQuery(Array(block.values(i)), path)
            query = known
            guard 1 - known.distance(to: columns.plain(column)) >= bound else { continue }
            sets.join(a, b)
            edges.append(Edge(a: unit.rows[row], b: unit.columns[column]))
          }
        }
      }
    }
    return edges
  }
}

extension ColumnSet {
  /// Columns of some rows.
  fileprivate convenience init(rows: [[Float]], dimension: Int) {
    self.init(dimension: dimension, capacity: max(rows.count, 1))
    for (slot, row) in rows.enumerated() where row.count == dimension {
      row.withUnsafeBufferPointer { append($0, slot: slot, id: UInt32(slot)) }
    }
  }
}
