import CohortClustering
import CohortCore
import CohortTesting
import CohortVectors
import Testing

/// Stores of fewer than 4,096 samples: no sample waits for its round, and groups are as good as those of several full runs.
struct SmallStoreTests {
  enum Data: CaseIterable, Sendable {
    /// Components of unequal weight, mixed.
    case mixed
    /// The same, one component after the other.
    case sorted
    /// Near-copies of a few vectors, some of which come seldom, one kind after the other.
    case copies

    func vectors(_ count: Int, seed: UInt64) -> [[Float]] {
      IsotropicMixture(
        count: count, dimension: SmallStoreTests.dimension, components: 30, sigma: self == .copies ? 0.02 : 0.7,
        seed: seed, sorted: self != .mixed
      ).vectors
    }
  }

  static let dimension = 24

  /// Summed squared distance after Lloyd's algorithm from a start of k-means++, in plain arithmetic; the best of some.
  static func fullRuns(_ rows: [[Float]], groups: Int, runs: Int, seed: UInt64) -> Double {
    var random = TestRandom(seed: seed)
    func distance(_ a: [Float], _ b: [Float]) -> Double {
      var sum = 0.0
      for i in a.indices { sum += Double(a[i] - b[i]) * Double(a[i] - b[i]) }
      return sum
    }
    return (0..<runs).map { _ in
      var centroids = [rows[random.below(rows.count)]]
      var nearest = rows.map { distance($0, centroids[0]) }
      while centroids.count < groups {
        var draw = random.unit() * nearest.reduce(0, +)
        let drawn = nearest.firstIndex { distance in
          draw -= distance
          return draw < 0
        }
        guard let drawn else { break }
        centroids.append(rows[drawn])
        for (i, row) in rows.enumerated() { nearest[i] = min(nearest[i], distance(row, rows[drawn])) }
      }
      var error = Double.infinity
      for _ in 0..<100 {
        var sums = centroids.map { _ in [Double](repeating: 0, count: dimension) }
        var counts = centroids.map { _ in 0.0 }
        var now = 0.0
        for row in rows {
          let distances = centroids.map { distance(row, $0) }
          let best = distances.indices.min { distances[$0] < distances[$1] } ?? 0
          now += distances[best]
          counts[best] += 1
          for i in row.indices { sums[best][i] += Double(row[i]) }
        }
        for k in centroids.indices where counts[k] > 0 { centroids[k] = sums[k].map { Float($0 / counts[k]) } }
        guard now < error * (1 - 1e-6) else { break }
        error = now
      }
      return error
    }.min() ?? 0
  }

  @Test(arguments: Data.allCases, [50, 200, 600])
  func groupsAreAsGoodAsTheBestOfTenFullRuns(data: Data, count: Int) throws {
    let seed: UInt64 = 101
    let vectors = data.vectors(count, seed: seed)
    for granularity in [GroupingDefinition.Granularity.automatic, .groups(count > 200 ? 20 : 40)] {
      var driver = try Driver.embedding(granularity, dimension: Self.dimension)
      try driver.insertVectors(vectors)
      let rows = vectors.indices.compactMap { driver.normalized($0) }
      let best = Self.fullRuns(rows, groups: driver.state.groupCount, runs: 10, seed: seed)
      let error = driver.store.distances.reduce(0.0) { $0 + Double($1) }
      #expect(error <= 1.02 * best + 1e-6, "\(data), \(count) rows, \(granularity), seed \(seed): \(error / best)")
      #expect(driver.store.distances.allSatisfy { $0.sign == .plus }, "none is provisional")
      #expect(driver.misplaced() == 0)
      driver.checkSums("\(data), \(count) rows")
    }
  }

  /// The law of arrival: where the records are cut into pieces, when the program is started anew, and how many workers
  /// there are does not show in any state, nor in where rounds end.
  @Test(arguments: [UInt64(1), 2, 3])
  func theStateIsAFunctionOfTheRecords(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let vectors = Data.allCases[Int(seed) % 3].vectors(700, seed: 102)
    func history(_ length: (() -> Int)?) throws -> Driver {
      var driver = try Driver.embedding(.automatic, dimension: Self.dimension)
      driver.restarting = length != nil
      var changes: [ChangeRecord] = []
      for (i, vector) in vectors.enumerated() {
        changes.append(ChangeRecord(.inserted, driver.store.addRow(vector: vector), .vector))
        if i % 10 == 9 { changes.append(ChangeRecord(.deleted, SampleID(UInt64(i - 8)), .vector)) }
      }
      var start = 0
      while start < changes.count {
        driver.state.workers = length == nil ? 1 : 1 + random.below(4)
        let end = min(start + (length?() ?? changes.count), changes.count)
        try driver.receive(Array(changes[start..<end]))
        start = end
      }
      return driver
    }
    let expected = try history(nil)
    let driver = try history { 1 + random.below(random.below(4) == 0 ? 300 : 12) }
    #expect(driver.state.applied == expected.state.applied, "seed \(seed)")
    #expect(driver.state.digest == expected.state.digest, "seed \(seed)")
    #expect(driver.store.groups == expected.store.groups, "seed \(seed)")
    #expect(driver.store.hasDistances(of: expected.store), "seed \(seed)")
    #expect(driver.store.records == expected.store.records, "seed \(seed)")
    #expect(driver.store.events == expected.store.events, "seed \(seed)")
    #expect(driver.store.events.contains { $0.kind == .guarded })
  }

  /// How long a round is depends on what has been applied and not on what waits.
  @Test func aRoundIsOneRecordWhateverWaits() throws {
    var driver = try Driver.embedding(.automatic, dimension: Self.dimension)
    for vector in Data.mixed.vectors(40, seed: 106) {
      for pending in [1, 2, 63, 4_096, .max] { #expect(driver.state.roundLength(pending: pending) == 1) }
      #expect(driver.state.roundLength(pending: 0) == 0)
      try driver.insertVectors([vector])
    }
  }

  /// A store that grows beyond the bound, shrinks below it and grows again; and one that is emptied.
  @Test func smallAndLargeStoresTurnIntoEachOther() throws {
    let dimension = 6
    let vectors = IsotropicMixture(count: 4_420, dimension: dimension, components: 20, seed: 103).vectors
    var driver = try Driver.embedding(.groups(6), dimension: dimension)
    driver.restarting = true
    try driver.insertVectors(Array(vectors[..<4_120]))
    #expect(driver.store.distances.contains { $0.sign == .minus })
    try driver.delete(Array(0..<200))
    #expect(driver.store.distances.allSatisfy { $0.sign == .plus })
    driver.checkSums("shrunk")
    #expect(driver.misplaced() == 0)
    try driver.insertVectors(Array(vectors[4_120...]))
    #expect(driver.state.roundLength(pending: .max) > 1)
    driver.checkSums("grown")
    #expect(try driver.store.restored().digest == driver.state.digest)

    var emptied = try Driver.embedding(.groups(6), dimension: dimension)
    try emptied.insertVectors(Array(vectors[..<100]))
    try emptied.delete(Array(0..<100))
    #expect(emptied.state.groupCount == 0)
    try emptied.insertVectors(Array(vectors[..<20]))
    #expect(emptied.misplaced() == 0 && emptied.state.groupCount == 5)
  }

  /// Ids keep their meaning: what starts over says which groups go on, and none comes back.
  @Test func idsAreNeverUsedAgain() throws {
    var driver = try Driver.embedding(.groups(16), dimension: Self.dimension)
    try driver.insertVectors(Data.copies.vectors(700, seed: 104))
    var open: Set<GroupID> = []
    var highest: GroupID?
    for event in driver.store.events {
      switch event.kind {
      case .split, .born:
        #expect(highest.map { event.child > $0 } ?? true)
        highest = max(highest ?? event.child, event.child)
        open.insert(event.child)
      case .merged, .closed: #expect(open.remove(event.child) != nil)
      case .republished: #expect(open.contains(event.child))
      case .guarded, .reclustered, .refined, .ruled: break
      }
    }
    #expect(open == Set(driver.state.groups))
  }

  /// A store of before keeps the rules of before, a new grouping gets the new ones.
  @Test func aStoreGoesOnByTheRulesThatItsLastRoundWasMadeBy() throws {
    let vectors = Data.mixed.vectors(600, seed: 105)
    var known = try Driver.embedding(.groups(12), dimension: Self.dimension, rules: 5)
    try known.insertVectors(vectors)
    var driver = try Driver.embedding(.groups(12), dimension: Self.dimension, rules: 5)
    try driver.insertVectors(Array(vectors[..<300]))
    driver.state = try driver.store.restored()
    #expect(driver.state.rules == 5)
    try driver.insertVectors(Array(vectors[300...]))
    #expect(driver.state.digest == known.state.digest)
    #expect(driver.store.events.count { $0.kind == .ruled } == 1)
    #expect(try Driver.embedding(.groups(12), dimension: 4).state.rules == GroupingState.rulesVersion)
  }
}
