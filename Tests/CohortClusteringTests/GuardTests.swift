import CohortClustering
import CohortCore
import CohortVectors
import CohortKernels
import CohortTesting
import Testing

struct GuardTests {
  /// A state whose groups lie elsewhere: every applied sample goes to the nearest of other centroids, and all sums, counts
  /// and the digest say so. Split gains are forgotten, or set to 0 as if nothing could be gained.
  static func displace(_ driver: inout Driver, to centroids: [[Float]], gainsKnown: Bool) throws {
    let groups = driver.state.groups
    try #require(groups.count == centroids.count)
    let targets = zip(groups, centroids).map { (group: $0, values: $1) }
    var sums = [GroupID: [Int64]]()
    var counts = [GroupID: UInt64]()
    for row in 0..<Int(driver.state.applied) {
      guard let vector = driver.normalized(row) else { continue }
      let (group, distance) = driver.nearest(vector, targets)
      driver.store.groups[row] = group.rawValue
      driver.store.distances[row] = distance
      cohort_sum_add(
        COHORT_PATH_PLAIN, &sums[group, default: [Int64](repeating: 0, count: vector.count)], vector, vector.count)
      counts[group, default: 0] += 1
    }
    var hashes = ByteWriter()
    for (group, values) in targets {
      var record = try #require(driver.state.record(of: group))
      record.geometry = .centroid(values)
      record.count = counts[group] ?? 0
      record.live?.sum = sums[group] ?? [Int64](repeating: 0, count: values.count)
      record.live?.gain = 0
      record.live?.gainCount = gainsKnown ? record.count : nil
      driver.store.records[group] = record.encoded
      hashes.fixed(group.rawValue)
      hashes.fixed(XXH3.hash64(record.encoded))
    }
    let fields = Array(driver.store.header.dropLast(8))
    var digest = ByteWriter()
    digest.fixed(XXH3.hash64(fields + hashes.bytes))
    driver.store.header = fields + digest.bytes
    driver.state = try driver.store.restored()
    #expect(driver.misplaced() == 0)
  }

  /// Rules by which a store below 4,096 samples is not looked after: so that the guard has something to find.
  static let plainRules: UInt32 = 5

  /// Where the last round ends that begins and ends before a position, by the rules of a version.
  static func lastRound(before position: UInt64, rules: UInt32 = plainRules) -> Int {
    // A small store has no rounds to wait for.
    var end: UInt64 = rules == plainRules ? 0 : min(4_096, position - 1)
    while end + UInt64(RoundSchedule.length(present: end, applied: end)) < position {
      end += UInt64(RoundSchedule.length(present: end, applied: end))
    }
    return Int(end)
  }

  static let dimension = 12
  static let prefix = lastRound(before: 4_096)
  static let data = IsotropicMixture(count: 4_400, dimension: dimension, components: 24, sigma: 0.5, seed: 61)

  /// Up to the last round before the guard's first comparison.
  static func prepared() throws -> Driver {
    var driver = try Driver.embedding(.groups(24), dimension: dimension, rules: plainRules)
    try driver.insertVectors(Array(data.vectors[..<prefix]))
    #expect(!driver.store.events.contains { $0.kind == .guarded })
    return driver
  }

  static func guardEvents(_ driver: Driver) -> [GroupEvent] {
    driver.store.events.filter { $0.kind == .guarded || $0.kind == .reclustered }
  }

  @Test func goodGroupsAreComparedAndLeftAlone() throws {
    var driver = try Self.prepared()
    try driver.insertVectors(Array(Self.data.vectors[Self.prefix...]))
    let events = Self.guardEvents(driver)
    #expect(events.count == 1)
    let event = try #require(events.first)
    #expect(event.kind == .guarded && event.position >= 4_096 && event.gain > 0.5 && event.gain <= 1.03)
    #expect((300...600).contains(event.count), "held out: \(event.count)")
    #expect(driver.store.statistics.guardRatio == event.gain)
    let header = try #require(try EmbeddingHeader(in: driver.store.header))
    #expect(header.lastGuard?.position == event.position && header.lastGuard?.ratio == event.gain)
    #expect(try driver.store.restored().digest == driver.state.digest)

    // Without a guard everything else is the same.
    var unguarded = try Driver.embedding(
      .groups(24), dimension: Self.dimension, options: EmbeddingOptions(isGuarded: false), rules: Self.plainRules)
    try unguarded.insertVectors(Self.data.vectors)
    #expect(Self.guardEvents(unguarded).isEmpty)
    #expect(unguarded.store.groups == driver.store.groups)
    #expect(unguarded.store.hasDistances(of: driver.store))
  }

  /// Nearly all groups in one component: as after an arrival that the rounds cannot follow.
  static func crowded() -> [[Float]] {
    let first = data.components[0]
    let rows = data.vectors.indices.filter { data.components[$0] == first }
    return (0..<24).map {
      $0 == 23 ? data.vectors[data.components.firstIndex { $0 != first } ?? 0] : data.vectors[rows[$0]]
    }
  }

  @Test(arguments: [false, true])
  func badGroupsAreFoundAndMended(gainsKnown: Bool) throws {
    var good = try Self.prepared()
    var driver = good
    try good.insertVectors(Array(Self.data.vectors[Self.prefix...]))
    try Self.displace(&driver, to: Self.crowded(), gainsKnown: gainsKnown)
    #expect(driver.meanSquaredDistance > 2 * good.meanSquaredDistance)
    let before = driver.state.groups
    let highest = try #require(before.last)
    let known = driver.store.events.count
    try driver.insertVectors(Array(Self.data.vectors[Self.prefix...]))
    let events = Self.guardEvents(driver)
    #expect(try #require(events.first).gain > 1.03, "\(events)")
    #expect(try #require(events.last).gain <= 1.03, "\(events)")
    #expect(driver.meanSquaredDistance < 1.1 * good.meanSquaredDistance)
    #expect(driver.misplaced() == 0)
    driver.checkSums()
    #expect(try driver.store.restored().digest == driver.state.digest)
    // No id comes back: what is new has a new one.
    var open = Set(before)
    for event in driver.store.events[known...] {
      switch event.kind {
      case .split, .born: #expect(event.child > highest && open.insert(event.child).inserted)
      case .merged, .closed: #expect(open.remove(event.child) != nil)
      case .republished, .guarded, .reclustered, .refined, .ruled: break
      }
    }
    #expect(open == Set(driver.state.groups))
  }

  /// More equal clouds than swaps can find again at once, before the guard looks, and the vectors that make it look.
  static func scattered(rules: UInt32 = GroupingState.rulesVersion) throws -> (driver: Driver, rest: [[Float]]) {
    var random = TestRandom(seed: 62)
    let centers = (0..<240).map { _ in
      let center = (0..<16).map { _ in random.normal() }
      let norm = center.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return center.map { Float($0 / norm) }
    }
    let vectors = (0..<17_600).map { i in centers[i % 240].map { $0 + Float(0.02 * random.normal()) } }
    var driver = try Driver.embedding(.groups(240), dimension: 16, rules: rules)
    let prefix = lastRound(before: 16_384, rules: rules)
    try driver.insertVectors(Array(vectors[..<prefix]))
    var displaced = centers
    for i in 40..<240 {
      displaced[i] = centers[i % 40]
      displaced[i][i % 16] += Float(i / 40) / 100
    }
    try displace(&driver, to: displaced, gainsKnown: true)
    return (driver, Array(vectors[prefix...]))
  }

  @Test(arguments: GroupingState.knownRules)
  func startingOverKeepsTheIdsOfGroupsThatStay(rules: UInt32) throws {
    let (before, rest) = try Self.scattered(rules: rules)
    var driver = before
    try driver.insertVectors(rest)
    let events = Self.guardEvents(driver)
    #expect(events.contains { $0.kind == .reclustered }, "\(events.map { "\($0.kind) \($0.gain)" })")
    #expect(driver.meanSquaredDistance < 0.5 * before.meanSquaredDistance)
    // A group of several clouds goes on as one of them.
    let stayed = before.state.groups.filter { group in
      zip(before.store.groups, driver.store.groups).count { $0 == group.rawValue && $1 == group.rawValue } >= 30
    }
    #expect(stayed.count >= 30, "\(stayed)")
    #expect(driver.misplaced() == 0)
    driver.checkSums()
  }

  @Test(arguments: KernelPath.common, [90, 4_400])
  func whatTheGuardDoesIsAFunctionOfTheRecords(path: KernelPath, batch: Int) throws {
    var expected = try Self.prepared()
    try Self.displace(&expected, to: Self.crowded(), gainsKnown: true)
    var driver = expected
    driver.restarting = batch < 100
    driver.store.blockRows = UInt64(batch)
    let rest = Array(Self.data.vectors[Self.prefix...])
    try expected.insertVectors(rest)
    driver.state.kernels = path
    for start in stride(from: 0, to: rest.count, by: batch) {
      try driver.insertVectors(Array(rest[start..<min(start + batch, rest.count)]))
      driver.state.kernels = path
    }
    #expect(driver.state.digest == expected.state.digest)
    #expect(driver.store.groups == expected.store.groups)
    #expect(driver.store.events == expected.store.events)
  }

  @Test func degenerateDataIsCompared() throws {
    for distinct in [1, 2, 5] {
      var driver = try Driver.embedding(.groups(8), dimension: 3)
      try driver.insertVectors(
        (0..<4_400).map { i in [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1]][i * 7 % distinct] })
      #expect(driver.state.groupCount == distinct)
      // Where the groups were worse, they are not any more.
      let last = Dictionary(Self.guardEvents(driver).filter { $0.kind == .guarded }.map { ($0.position, $0.gain) }) {
        $1
      }
      #expect(last.values.allSatisfy { $0 <= 1.03 }, "\(distinct): \(last)")
    }
  }

  @Test func idsGoToTheLargestOverlap() {
    let match = GroupMatch([
      .init(slot: 0, column: 0, members: 10), .init(slot: 0, column: 1, members: 30),
      .init(slot: 1, column: 1, members: 40), .init(slot: 1, column: 2, members: 5),
      .init(slot: 2, column: 3, members: 7), .init(slot: 2, column: 1, members: 7),
      .init(slot: 3, column: 1, members: 9), .init(slot: 3, column: 3, members: 1),
      .init(slot: 0, column: 4, members: 2),
    ])
    #expect(match.kept == [1: 1, 0: 0, 2: 3])
    #expect(match.heirs == [3: 1])
    #expect(match.parents == [2: 1, 4: 0])
  }
}
