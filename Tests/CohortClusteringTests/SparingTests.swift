import CohortCore
import CohortKernels
import Testing

@testable import CohortClustering

/// What rules out centroids before a sample is looked at: it must never rule out one that is nearer.
struct SparingTests {
  private static func unit(_ dimension: Int, _ random: inout TestRandom) -> [Double] {
    let values = (0..<dimension).map { _ in random.normal() }
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return values.map { $0 / max(length, 1e-300) }
  }

  private static func apart(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  @Test(arguments: KernelTests.paths.map(\.rawValue))
  func noRowWithinABoundIsNearerToAnother(path: UInt32) {
    let seed: UInt64 = 91
    var random = TestRandom(seed: seed)
    var (within, beyond) = (0, 0)
    for dimension in [1, 2, 3, 8, 40] {
      for _ in 0..<60 {
        // Centroids of any length up to 1, some of them equal, opposite, tiny or of length 1.
        var centroids = (0..<11).map { _ in
          let length = [0, 1e-3, 1, random.unit(), random.unit()][random.below(5)]
          return Self.unit(dimension, &random).map { $0 * length }
        }
        centroids[1] = centroids[0]
        centroids[2] = centroids[0].map { -$0 }
        let own = centroids[0]
        let squares = centroids.map { Self.product($0, $0) } + [Double](repeating: .infinity, count: 5)
        let products = centroids.map { Float(Self.product(own, $0)) } + [Float](repeating: 0, count: 5)
        var there = [Float](repeating: 0, count: 16)
        var back = there
        let least = cohort_spared_distances(
          cohort_path(path), squares[0], 16, squares, products, 1e-6, &there, &back)
        #expect(there[11...].allSatisfy { $0 == .infinity } && back[11...].allSatisfy { $0 == .infinity })
        #expect((there.min() ?? 0) <= Float(least).nextUp)
        for _ in 0..<40 {
          // Rows anywhere, and rows about the centroids.
          let centre = centroids[random.below(11)]
          let spread = random.unit()
          var row = zip(Self.unit(dimension, &random), centre).map { $0 * spread + $1 }
          let length = Self.product(row, row).squareRoot()
          guard length > 1e-9 else { continue }
          row = row.map { $0 / length }
          let distance = Self.apart(row, own)
          for (i, other) in centroids.enumerated() {
            let far = Self.apart(row, other)
            let place: Comment = "seed \(seed), path \(path), dimension \(dimension): \(row), \(own), \(other)"
            if distance < Double(there[i]) {
              within += 1
              #expect(far >= distance, place)
            } else {
              beyond += 1
            }
            if far < Double(back[i]) { #expect(distance >= far, place) }
          }
        }
      }
    }
    #expect(within > 10_000 && beyond > 10_000, "the bounds are not put to the test: \(within), \(beyond)")
  }

  @Test(arguments: KernelTests.paths.map(\.rawValue))
  func theLengthOfRowsSaysMoreThanTheTriangle(path: UInt32) {
    // Two centroids of length 0.8 at a right angle: rows up to 45 degrees from one are not nearer to the other.
    let squares = [0.64] + [Double](repeating: .infinity, count: 7)
    var there = [Float](repeating: 0, count: 8)
    var back = there
    let least = cohort_spared_distances(
      cohort_path(path), 0.64, 8, squares, [Float](repeating: 0, count: 8), 1e-7, &there, &back)
    let expected = 1 + 0.64 - 2 * 0.8 * 0.5.squareRoot()
    #expect(abs(least - expected) < 1e-4 && least > 0.32 + 0.1)
    #expect(abs(Double(back[0]) - expected) < 1e-4)
  }

  @Test(arguments: KernelTests.paths.map(\.rawValue))
  func halvesAreReadAsTheyAreConvertedAndNormalised(path: UInt32) {
    let path = cohort_path(path)
    var random = TestRandom(seed: 92)
    for (count, dimension) in [(1, 1), (9, 7), (23, 40), (30, 384)] {
      var halves = (0..<(count * dimension)).map { _ in Float16(random.normal()).bitPattern }
      halves.replaceSubrange(0..<dimension, with: repeatElement(0, count: dimension))
      if count > 2 { halves[2 * dimension] = Float16.nan.bitPattern }
      var expected = [Float](repeating: 0, count: halves.count)
      cohort_half_to_float_by(path, halves, &expected, halves.count)
      var flags = [UInt8](repeating: 1, count: count)
      if count > 3 { flags[3] = 0 }
      for isNormalized in [false, true] {
        var rows = [Float](repeating: 0, count: halves.count)
        var (present, inverses) = ([UInt8](repeating: 9, count: count), [Float](repeating: 9, count: count))
        halves.withUnsafeBufferPointer { halves in
          let pointers = (0..<count).map { row in
            flags[row] == 0 ? nil : halves.baseAddress.map { $0 + row * dimension }
          }
          cohort_read_halves(path, pointers, count, dimension, isNormalized ? 1 : 0, &rows, &present, &inverses)
        }
        var (wanted, states, scales) = (expected, flags, [Float](repeating: 0, count: count))
        cohort_inverse_norms(path, &wanted, count, dimension, &states, &scales)
        if isNormalized { cohort_normalize(path, &wanted, count, dimension, &states) }
        #expect(present == states, "seed 92, \(count) x \(dimension)")
        for row in 0..<count where states[row] == 1 {
          let values = (row * dimension)..<((row + 1) * dimension)
          #expect(rows[values] == wanted[values], "seed 92, \(count) x \(dimension), row \(row)")
          #expect(inverses[row] == (isNormalized ? 1 : scales[row]))
        }
      }
    }
  }

  @Test func keptProductsFollowTheCentroids() throws {
    let seed: UInt64 = 93
    var random = TestRandom(seed: seed)
    let dimension = 20
    var groups = (0..<30).map { GroupID(UInt32($0)) }
    var centroids = (0..<30).flatMap { _ in Self.unit(dimension, &random).map { Float($0 * 0.7) } }
    var (kept, next) = (CentroidProducts(), UInt32(30))
    let scores = ScoreBuffer()
    for step in 0..<40 {
      let everyone = ColumnSet(
        dimension: dimension, slots: groups.indices, ids: groups.map(\.rawValue), centroids: centroids)
      let computed = kept.renew(groups, centroids, everyone, COHORT_PATH_BEST, scores)
      if step > 0 { #expect(computed < 12 * groups.count, "most of the centroids have not changed") }
      #expect(kept.renew(groups, centroids, everyone, COHORT_PATH_BEST, scores) == 0)
      for a in groups.indices {
        for b in groups.indices {
          let truth = (0..<dimension).reduce(0.0) {
            $0 + Double(centroids[a * dimension + $1]) * Double(centroids[b * dimension + $1])
          }
          let found = Double(kept.values[a * groups.count + b])
          #expect(abs(found - truth) <= kept.error, "seed \(seed), step \(step), \(a) and \(b)")
        }
      }
      for _ in 0..<random.below(4) where groups.count > 2 {
        let gone = random.below(groups.count)
        groups.remove(at: gone)
        centroids.removeSubrange((gone * dimension)..<((gone + 1) * dimension))
      }
      for _ in 0..<random.below(4) {
        groups.append(GroupID(next))
        next += 1
        centroids += Self.unit(dimension, &random).map { Float($0) }
      }
      for _ in 0..<random.below(4) {
        let start = random.below(groups.count) * dimension
        centroids.replaceSubrange(start..<(start + dimension), with: Self.unit(dimension, &random).map { Float($0) })
      }
    }
  }
}
