import CohortKernels
import CohortTesting
import Testing

/// What rules out centroids before a sample is looked at: it must never rule out one that is nearer.
struct SparingTests {
  private static func unit(_ dimension: Int, _ random: inout TestRandom) -> [Double] {
    let values = (0..<dimension).map { _ in random.normal() }
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return values.map { $0 / max(length, 1e-300) }
  }

  /// Anywhere, about a centroid, or as far from one as from the other.
  private static func row(
    near own: [Double], _ other: [Double], _ dimension: Int, _ random: inout TestRandom
  ) -> [Double] {
    let (spread, anywhere) = (random.unit(), unit(dimension, &random))
    guard random.below(2) == 0 else { return zip(anywhere, other).map { $0 * spread + $1 } }
    let middle = zip(own, other).map { ($0 + $1) / 2 }
    let normal = zip(other, own).map { $0 - $1 }
    let square = product(normal, normal)
    guard square > 0 else { return anywhere }
    let share = product(anywhere, normal) / square
    return zip(middle, zip(anywhere, normal)).map { $0 + $1.0 - share * $1.1 }
  }

  private static func apart(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  @Test(arguments: KernelTests.commonPaths)
  func noRowWithinABoundIsNearerToAnother(path: UInt32) {
    let seed: UInt64 = 91
    var random = TestRandom(seed: seed)
    var (within, beyond) = (0, 0)
    for dimension in [1, 2, 3, 8, 40, 200] {
      for _ in 0..<60 {
        // Centroids of any length up to 1, some of them equal, opposite, tiny or of length 1.
        var centroids = (0..<11).map { _ in
          let length = [0, 1e-3, 1, random.unit(), random.unit()][random.below(5)]
          return Self.unit(dimension, &random).map { $0 * length }
        }
        centroids[1] = centroids[0]
        centroids[2] = centroids[0].map { -$0 }
        let own = centroids[0]
        let error = [1e-9, 1e-6, 3e-5][random.below(3)]
        let squares = centroids.map { Self.product($0, $0) } + [Double](repeating: .infinity, count: 5)
        let products = centroids.map { Float(Self.product(own, $0) + error * 0.99 * Double(random.below(3) - 1)) }
        var there = [Float](repeating: 0, count: 16)
        var back = there
        // Single floats are off by 2^-25 of a product.
        let least = cohort_spared_distances(
          cohort_path(path), squares[0], 16, squares, products + [Float](repeating: 0, count: 5), error + 3e-8, &there,
          &back)
        #expect(there[11...].allSatisfy { $0 == .infinity } && back[11...].allSatisfy { $0 == .infinity })
        #expect((there.min() ?? 0) <= Float(least).nextUp)
        for _ in 0..<40 {
          let centre = centroids[random.below(11)]
          var row = Self.row(near: own, centre, dimension, &random)
          let length = Self.product(row, row).squareRoot()
          guard length > 1e-9 else { continue }
          let scale = (1 + 0.9e-6 * Double(random.below(3) - 1)) / length
          row = row.map { $0 * scale }
          let distance = Self.apart(row, own)
          for (i, other) in centroids.enumerated() {
            let far = Self.apart(row, other)
            let place: Comment = "seed \(seed), path \(path), dimension \(dimension): \(row), \(own), \(other)"
            if distance < Double(there[i]) {
              within += 1
              #expect(far > distance, place)
            } else {
              beyond += 1
            }
            if far < Double(back[i]) { #expect(distance > far, place) }
          }
        }
      }
    }
    #expect(within > 10_000 && beyond > 10_000, "the bounds are not put to the test: \(within), \(beyond)")
  }

  @Test(arguments: KernelTests.commonPaths)
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
}
