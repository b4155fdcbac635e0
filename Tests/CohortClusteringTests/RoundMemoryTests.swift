import CohortClustering
import CohortCore
import Testing

/// What rounds know beforehand spares work and decides nothing.
struct RoundMemoryTests {
  enum Data: CaseIterable {
    case apart, overlapping, ties, flat

    func vectors(seed: UInt64) -> [[Float]] {
      switch self {
      case .apart:
        return IsotropicMixture(count: 4_000, dimension: 40, components: 50, sigma: 0.3, seed: seed, sorted: true)
          .vectors
      case .overlapping:
        return IsotropicMixture(count: 4_000, dimension: 12, components: 40, sigma: 1.5, seed: seed, sorted: true)
          .vectors
      case .ties:
        return IsotropicMixture(count: 4_000, dimension: 9, components: 30, seed: seed, sorted: true).vectors.map {
          $0.map { ($0 * 2).rounded() }
        }
      case .flat: return IsotropicMixture(count: 4_000, dimension: 2, components: 60, seed: seed).vectors
      }
    }
  }

  private static func fill(_ driver: inout Driver, _ vectors: [[Float]]) throws {
    try driver.insertVectors(Array(vectors[..<2_500]))
    try driver.delete((0..<800).map { $0 * 3 })
    try driver.insertVectors(Array(vectors[2_500...]))
    try driver.refine()
  }

  @Test(arguments: Data.allCases, [false, true])
  func roundsAreTheSameWithoutIt(data: Data, isLimited: Bool) throws {
    let seed: UInt64 = 95
    let vectors = data.vectors(seed: seed)
    var options = EmbeddingOptions(repairRange: isLimited ? 6 : 0)
    let width = vectors[0].count
    var sparing = try Driver.embedding(.groups(90), dimension: width, options: options)
    options.keepsProducts = false
    var plain = try Driver.embedding(.groups(90), dimension: width, options: options)
    try Self.fill(&sparing, vectors)
    try Self.fill(&plain, vectors)
    #expect(sparing.state.digest == plain.state.digest, "seed \(seed), \(data)")
    #expect(sparing.store.groups.elementsEqual(plain.store.groups), "seed \(seed), \(data)")
    #expect(sparing.store.hasDistances(of: plain.store), "seed \(seed), \(data)")
    #expect(sparing.store.events.elementsEqual(plain.store.events), "seed \(seed), \(data)")
    if !isLimited { #expect(sparing.misplaced() == 0, "seed \(seed), \(data)") }
  }

  /// Copies share what they know; each goes its own way all the same, also after one of them has failed.
  @Test func copiesDoNotDisturbEachOther() throws {
    let seed: UInt64 = 96
    let (first, second) = (Data.apart.vectors(seed: seed), Data.overlapping.vectors(seed: seed + 1))
    let wide = second.map { $0 + [Float](repeating: 0, count: 28) }
    var trunk = try Driver.embedding(.groups(60), dimension: 40)
    try trunk.insertVectors(Array(first[..<1_500]))
    var (one, other) = (trunk, trunk)
    for start in stride(from: 1_500, to: 4_000, by: 250) {
      try one.insertVectors(Array(first[start..<(start + 250)]))
      var failing = one
      var broken = Array(wide[start..<(start + 250)])
      broken[200][3] = .nan
      #expect(throws: CohortError.self) { try failing.insertVectors(broken) }
      try other.insertVectors(Array(wide[start..<(start + 250)]))
    }
    for (driver, vectors) in [(one, first), (other, wide)] {
      var alone = try Driver.embedding(.groups(60), dimension: 40)
      try alone.insertVectors(Array(first[..<1_500]))
      alone.restarting = true
      try alone.insertVectors(Array(vectors[1_500...]))
      #expect(driver.state.digest == alone.state.digest, "seed \(seed)")
      #expect(driver.store.groups.elementsEqual(alone.store.groups), "seed \(seed)")
    }
  }
}
