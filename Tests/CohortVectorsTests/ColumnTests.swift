import CohortKernels
import CohortTesting
import CohortVectors
import Testing

struct ColumnTests {
  private static let dimension = 24

  /// Rows of length 1 in a block.
  private static func block(_ vectors: [[Float]], holdsHalves: Bool = false) throws -> RowBlock {
    let block = RowBlock(dimension: dimension, capacity: vectors.count)
    try block.load(
      vectors.indices.map(UInt64.init), MemoryRows(vectors: vectors, holdsHalves: holdsHalves), COHORT_PATH_BEST)
    return block
  }

  @Test func theFilterRulesOutNoRowWithinItsLimit() throws {
    let seed: UInt64 = 121
    var random = TestRandom(seed: seed)
    let vectors = random.rows(700, dimension: Self.dimension).map { $0.map { Float(Float16($0)) } }
    let columns = try WorkersTests.columns(30, dimension: Self.dimension, &random)
    let block = try Self.block(vectors)
    let samples = vectors.indices.map(UInt64.init)
    let most = HalfFilter.Candidates.mostChoices
    let limits = vectors.indices.map { _ in Float(0.4 + 1.2 * random.unit()) }
    let choices = (0..<(vectors.count * most)).map { _ in UInt32(random.below(30)) }
    let filter = HalfFilter(dimension: Self.dimension)
    for chosen: UInt8 in [0, 3] {
      let counts = [UInt8](repeating: chosen, count: vectors.count)
      func near(holdsHalves: Bool) throws -> [Int] {
        try samples.withUnsafeBufferPointer { samples in
          try limits.withUnsafeBufferPointer { limits in
            try choices.withUnsafeBufferPointer { choices in
              try counts.withUnsafeBufferPointer { counts in
                let candidates = HalfFilter.Candidates(
                  samples, limits: try #require(limits.baseAddress), choices: try #require(choices.baseAddress),
                  counts: try #require(counts.baseAddress))
                return try filter.near(
                  candidates, to: columns, MemoryRows(vectors: vectors, holdsHalves: holdsHalves), COHORT_PATH_BEST)
              }
            }
          }
        }
      }
      #expect(try near(holdsHalves: false) == Array(vectors.indices))
      let found = Set(try near(holdsHalves: true))
      #expect(found.count < vectors.count / 2 && found.count > 10, "seed \(seed): \(found.count)")
      for i in vectors.indices {
        let row = try #require(block.pointer(i))
        let some = chosen == 0 ? Array(0..<30) : (0..<Int(chosen)).map { Int(choices[i * most + $0]) }
        let least = some.map { columns.distance(row, to: $0, COHORT_PATH_PLAIN) }.min()
        if let least, least <= Double(limits[i]) { #expect(found.contains(i), "seed \(seed), row \(i)") }
      }
    }
  }

  /// A tree finds what a full search finds, but for rows near the border of what it looks at; all processors find the same.
  @Test func aTreeFindsAlmostAllNearestColumnsAndFollowsChanges() throws {
    let seed: UInt64 = 122
    var random = TestRandom(seed: seed)
    let block = try Self.block(random.rows(400, dimension: Self.dimension))
    let moved = random.rows(60, dimension: Self.dimension).map { row in
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / length }
    }
    var firsts: [[Int]] = []
    for path in KernelTests.paths {
      var same = TestRandom(seed: seed)
      let columns = try WorkersTests.columns(900, dimension: Self.dimension, &same)
      columns.divide(path)
      for (i, values) in moved.enumerated() {
        values.withUnsafeBufferPointer { columns.replace(i * 7, $0) }
        columns.erase(i * 7 + 1)
      }
      let products = block.compare(with: columns, path)
      #expect(products < 400 * 900)
      let scores = ScoreBuffer()
      var (nearest, missed) = ([Int](), 0)
      for i in 0..<block.count {
        let row = try #require(block.pointer(i))
        let found = columns.decide(row, block.result(i), in: block.branches(i), path, scores)
        #expect(columns.slots[found.column] >= 0 && found.distance == columns.distance(row, to: found.column, path))
        let truth = columns.leastOf(row, notBeyond: .infinity, path, scores)
        if found.column != truth?.column { missed += 1 }
        nearest.append(found.column)
      }
      #expect(missed < 40, "seed \(seed): \(missed) of 400 missed")
      firsts.append(nearest)
    }
    #expect(firsts.allSatisfy { $0 == firsts[0] }, "seed \(seed)")
  }

  @Test func theNearestColumnsAreThoseOfASort() throws {
    let seed: UInt64 = 123
    var random = TestRandom(seed: seed)
    let columns = try WorkersTests.columns(150, dimension: Self.dimension, &random)
    // Twins: ties go to the lowest id.
    columns.replace(90, columns.values(30))
    columns.erase(12)
    let block = try Self.block(random.rows(20, dimension: Self.dimension))
    let width = ColumnSet.panels(columns.count)
    let scores = ScoreBuffer()
    for i in 0..<block.count {
      let row = try #require(block.pointer(i))
      let ordered = (0..<150).filter { $0 != 12 }.sorted {
        let (a, b) = (
          columns.distance(row, to: $0, COHORT_PATH_PLAIN), columns.distance(row, to: $1, COHORT_PATH_PLAIN)
        )
        return a != b ? a < b : $0 < $1
      }
      for wanted in [1, 2, 10, 148, 149, 200] {
        let found = scores.withRoom(for: width) { products in
          cohort_inner_products(
            COHORT_PATH_BEST, row, 1, Self.dimension, columns.packed, columns.count, products, width)
          return columns.nearest(wanted, to: row, products, COHORT_PATH_BEST)
        }
        #expect(Set(found) == Set(ordered.prefix(wanted)), "seed \(seed), row \(i), \(wanted)")
      }
    }
  }

  /// Kept products are those of a table made anew.
  @Test func keptProductsFollowTheColumns() {
    let seed: UInt64 = 124
    var random = TestRandom(seed: seed)
    var vectors = random.rows(50, dimension: Self.dimension).map { $0.map { $0 / 8 } }
    var ids = (0..<50).map { UInt32($0 * 2) }
    var kept = ColumnProducts()
    let scores = ScoreBuffer()
    for step in 0..<6 {
      let columns = ColumnSet(
        dimension: Self.dimension, slots: ids.indices, ids: ids, vectors: Array(vectors.joined()))
      let (now, count) = (Array(vectors.joined()), ids.count)
      var anew = ColumnProducts()
      let all = anew.renew(ids, now, columns, COHORT_PATH_BEST, scores)
      let computed = kept.renew(ids, now, columns, COHORT_PATH_BEST, scores)
      #expect(all == count * count && (step == 0) == (computed == all), "seed \(seed), step \(step)")
      // A product may have been computed from the other side.
      let apart = zip(kept.values, anew.values).map { abs($0 - $1) }.max() ?? 0
      #expect(Double(apart) <= 2 * kept.error, "seed \(seed), step \(step)")
      let (gone, changed) = (random.below(count), random.below(count - 1))
      ids.remove(at: gone)
      vectors.remove(at: gone)
      vectors[changed] = vectors[changed].map { -$0 }
      ids.append(UInt32(200 + step))
      vectors.append(random.rows(1, dimension: Self.dimension)[0].map { $0 / 8 })
    }
  }
}
