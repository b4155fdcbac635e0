import CohortClustering
import CohortCore
import CohortTesting
import CohortVectors
import Testing

struct BalanceTests {
  enum Data: CaseIterable {
    /// Components whose sizes follow a power law, one after the other.
    case drifting
    /// One vector only.
    case equal
    /// Nine in ten are the same vector, the rest lies about it.
    case duplicates
    /// Two clouds, one of 19 in 20.
    case lopsided

    func vectors(_ count: Int, seed: UInt64) -> [[Float]] {
      var random = TestRandom(seed: seed)
      let base = (0..<8).map { _ in Float(random.normal()) }
      switch self {
      case .drifting:
        return IsotropicMixture(count: count, dimension: 8, components: 25, sigma: 0.7, seed: seed, sorted: true)
          .vectors
      case .equal: return Array(repeating: base, count: count)
      case .duplicates:
        return (0..<count).map { _ in random.below(10) > 0 ? base : base.map { $0 + Float(0.2 * random.normal()) } }
      case .lopsided:
        return (0..<count).map { _ in
          let sign: Float = random.below(20) > 0 ? 1 : -1
          return base.map { sign * $0 + Float(0.1 * random.normal()) }
        }
      }
    }
  }

  static func driver(
    _ granularity: GroupingDefinition.Granularity, rules: UInt32 = GroupingState.rulesVersion
  ) throws -> Driver {
    var driver = try Driver.embedding(granularity, dimension: 8)
    driver.state = try GroupingState(
      definition: GroupingDefinition(
        criterion: .embedding(space: "test"), granularity: granularity, isBalanced: true), dimension: 8)
    driver.state.rules = rules
    return driver
  }

  /// From a quarter of the size aimed at to four times it, where there are enough samples for two groups of a quarter.
  static func check(_ driver: Driver, _ granularity: GroupingDefinition.Granularity, _ place: Comment) {
    let sizes = driver.store.sizes
    let total = sizes.values.reduce(0, +)
    let aim: Double =
      switch granularity {
      case .groupSize(let size): Double(size)
      case .groups(let count): Double(total) / Double(min(count, Int(total + 3) / 4))
      case .automatic: Double(total) / Double(max(1, Int(Double(total).squareRoot()) / 2))
      }
    for group in driver.state.groups {
      let size = sizes[group] ?? 0
      #expect(size == driver.state.record(of: group)?.count, place)
      #expect(Double(size) <= 4 * aim, "\(place): group \(group) has \(size) of \(total), aim \(aim)")
      #expect(
        Double(size) >= aim / 4 || driver.state.groupCount == 1,
        "\(place): group \(group) has \(size) of \(total), aim \(aim)")
    }
  }

  static let granularities: [GroupingDefinition.Granularity] = [.groups(12), .groupSize(40), .automatic]

  @Test(arguments: Data.allCases, [0, 1, 2])
  func sizesStayWithinTheirBoundsRoundByRound(data: Data, which: Int) throws {
    let granularity = Self.granularities[which]
    let seed = UInt64(71 + which)
    let place = Comment(rawValue: "\(data), \(granularity), seed \(seed)")
    var random = TestRandom(seed: seed)
    var driver = try Self.driver(granularity)
    var live: [Int] = []
    for (step, vector) in data.vectors(2_400, seed: seed).enumerated() {
      let row = driver.store.addRow(vector: vector)
      live.append(step)
      driver.pending.append(ChangeRecord(.inserted, row, .vector))
      // Later more goes than comes.
      if step > 800, random.below(3) < (step < 1_600 ? 1 : 4) {
        for _ in 0..<(step < 1_600 ? 1 : 2) where live.count > 100 {
          let gone = live.remove(at: random.below(live.count))
          driver.pending.append(ChangeRecord(.deleted, SampleID(UInt64(gone)), .vector))
        }
      }
      guard driver.state.roundLength(pending: driver.pending.count) > 0 else { continue }
      let before = driver.store.statistics
      let groups = driver.state.groupCount
      try driver.receive([])
      Self.check(driver, granularity, place)
      // What a round does is bounded: some groups are touched, and no sample goes round and round.
      let after = driver.store.statistics
      #expect(after.splits - before.splits <= groups + 16, place)
      #expect(after.moved - before.moved <= 2 * live.count, place)
    }
    driver.checkSums(place)
    #expect(try driver.store.restored().digest == driver.state.digest)
    let applied = driver.store.statistics
    #expect(applied.moved <= 12 * 2_400, "\(place): \(applied.moved) moves")
    let audit = try driver.state.audit(assignments: driver.store, features: driver.store)
    #expect(audit.misplaced == 0 && audit.strays == 0 && audit.wrongDistances == 0 && audit.wrongCounts.isEmpty, place)
    #expect(audit.bounded <= UInt64(driver.misplaced()), place)
    if data == .equal { #expect(audit.bounded == 0, "ties are no error") }
  }

  @Test func aQuietStoreStaysAsItIs() throws {
    for data in Data.allCases {
      var driver = try Self.driver(.groupSize(60))
      try driver.insertVectors(data.vectors(3_000, seed: 75))
      // Records that change nothing: a sample without a vector comes and goes. The first of them apply the tail.
      func fillRound() throws {
        let row = driver.store.addRow()
        let length = driver.state.longestRound - driver.pending.count
        try driver.receive((0..<length).map { ChangeRecord($0 % 2 == 0 ? .inserted : .deleted, row, .vector) })
      }
      var moves: [Int] = []
      for _ in 0..<60 {
        let before = driver.store.statistics.moved
        try fillRound()
        moves.append(driver.store.statistics.moved - before)
      }
      #expect(moves.suffix(4).allSatisfy { $0 == 0 }, "\(data): \(moves) samples moved though none came")
    }
  }

  /// The members of all groups above the bound are found in one scan, however many there are to divide. Equal vectors all
  /// go to one group, and only the bound divides it.
  @Test func scansOfARoundDoNotGrowWithTheGroupsThatAreDivided() throws {
    let counter = RowCounter()
    var driver = try Self.driver(.groupSize(4))
    driver.store.scanned = counter
    var (splits, scans) = (0, 0.0)
    for vector in Data.equal.vectors(6_000, seed: 79) {
      driver.pending.append(ChangeRecord(.inserted, driver.store.addRow(vector: vector), .vector))
      guard driver.state.roundLength(pending: driver.pending.count) > 0 else { continue }
      let before = (splits: driver.store.statistics.splits, rows: counter.rows)
      try driver.receive([])
      splits = max(splits, driver.store.statistics.splits - before.splits)
      scans = max(scans, Double(counter.rows - before.rows) / Double(driver.state.applied))
    }
    #expect(splits >= 6 && scans <= 6, "\(splits) splits, \(scans) scans")
  }

  /// Equal vectors are another matter: groups of them divide long after others got room.
  @Test func noSampleIsKeptFromANearerGroupWithRoom() throws {
    for data in [Data.drifting, .lopsided] {
      var driver = try Self.driver(.groupSize(60))
      try driver.insertVectors(data.vectors(3_000, seed: 80))
      let sizes = driver.store.sizes
      let free = driver.centroids.filter { sizes[$0.group] ?? 0 < 180 }
      let kept = driver.store.groups.indices.filter { row in
        let (group, distance) = (driver.store.groups[row], driver.store.distances[row])
        guard group != .max, distance.sign == .plus, sizes[GroupID(group)] ?? 0 > 15,
          let vector = driver.normalized(row)
        else { return false }
        return driver.nearest(vector, free).1 < distance
      }
      #expect(kept.isEmpty, "\(data), seed 80: \(kept.count) of 3000")
    }
  }

  @Test func balanceCostsErrorOnlyWhereItBinds() throws {
    let data = IsotropicMixture(count: 2_000, dimension: 8, components: 10, sigma: 0.4, seed: 76).vectors
    var plain = try Driver.embedding(.groups(20), dimension: 8)
    try plain.insertVectors(data)
    var balanced = try Self.driver(.groups(20))
    try balanced.insertVectors(data)
    #expect(balanced.meanSquaredDistance < 1.3 * plain.meanSquaredDistance)
    let audit = try balanced.state.audit(assignments: balanced.store, features: balanced.store)
    #expect(audit.boundedShare < 0.2, "\(audit.boundedShare)")
  }

  @Test(arguments: KernelPath.common, [33, 2_000])
  func theStateDoesNotDependOnHowRecordsArrive(path: KernelPath, batch: Int) throws {
    for data in Data.allCases {
      let vectors = data.vectors(1_600, seed: 77)
      var whole = try Self.driver(.groups(15))
      var pieces = whole
      pieces.restarting = batch < 100
      pieces.store.blockRows = UInt64(batch)
      whole.state.workers = 1
      try whole.insertVectors(vectors)
      try whole.delete((0..<400).map { $0 * 3 })
      for start in stride(from: 0, to: vectors.count, by: batch) {
        pieces.state.kernels = path
        pieces.state.workers = 3
        try pieces.insertVectors(Array(vectors[start..<min(start + batch, vectors.count)]))
      }
      try pieces.delete((0..<400).map { $0 * 3 })
      #expect(pieces.state.digest == whole.state.digest, "\(data)")
      #expect(pieces.store.groups == whole.store.groups, "\(data)")
      #expect(pieces.store.events == whole.store.events, "\(data)")
    }
  }

  @Test func refiningKeepsTheBounds() throws {
    for data in Data.allCases {
      var driver = try Self.driver(.groupSize(40))
      try driver.insertVectors(data.vectors(1_500, seed: 78))
      var before = Double.infinity
      for pass in 0..<6 {
        try driver.refine()
        Self.check(driver, .groupSize(40), "\(data), pass \(pass)")
        if pass > 0 { #expect(driver.meanSquaredDistance <= before * (1 + 1e-9), "\(data), pass \(pass)") }
        before = driver.meanSquaredDistance
      }
    }
  }
}
