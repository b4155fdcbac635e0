import CohortMapping
import CohortTesting
import CohortVectors
import Testing

/// The field against the sum over all pairs: what is left is what cubic interpolation at half a unit misses near a point.
@Suite struct RepulsionFieldTests {
  private static func places(_ count: Int, within radius: Float, seed: UInt64) -> [SIMD2<Float>] {
    var random = TestRandom(seed: seed)
    return random.rows(count, dimension: 2).map { SIMD2($0[0], $0[1]) * radius }
  }

  private static func pairs(_ places: [SIMD2<Float>]) -> (sum: Double, forces: [SIMD2<Double>]) {
    var (sum, forces) = (0.0, [SIMD2<Double>](repeating: .zero, count: places.count))
    for i in places.indices {
      for other in places {
        let away = SIMD2<Double>(places[i]) - SIMD2<Double>(other)
        let level = 1 / (1 + (away * away).sum())
        sum += level
        forces[i] += away * (level * level)
      }
    }
    return (sum, forces)
  }

  @Test(arguments: [Float(0.001), 3, 20, 60]) func itIsTheSumOverAllPairs(radius: Float) throws {
    let places = Self.places(300, within: radius, seed: 5)
    let truth = Self.pairs(places)
    let team = Workers(count: 2)
    defer { team.end() }
    let field = RepulsionField(team)
    let bounds = try #require(PlaceBounds(places))
    #expect(try field.fit(bounds))
    #expect(try !field.fit(bounds))
    // One half stays, the other half is for this step: both count alike.
    places.withUnsafeBufferPointer { field.addFixed(UnsafeBufferPointer(rebasing: $0[..<150])) }
    field.removeMoving()
    places.withUnsafeBufferPointer { field.addMoving(UnsafeBufferPointer(rebasing: $0[150...])) }
    let sum = try field.compute()
    #expect(abs(sum - truth.sum) < 0.05 * truth.sum, "\(sum), \(truth.sum)")
    let reading = try #require(field.reading)
    let size = truth.forces.reduce(0) { $0 + ($1 * $1).sum() }.squareRoot()
    let error = zip(places, truth.forces).reduce(0) { total, pair in
      let away = SIMD2<Double>(reading.force(at: pair.0)) - pair.1
      return total + (away * away).sum()
    }.squareRoot()
    #expect(error < 0.1 * size, "\(error) of \(size)")
  }
}
