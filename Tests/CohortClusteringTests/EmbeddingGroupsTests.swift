import CohortClustering
import CohortCore
import CohortVectors
import CohortKernels
import CohortTesting
import Testing

struct EmbeddingGroupsTests {
  @Test(arguments: [false, true])
  func everySampleIsOnItsNearestCentroid(sorted: Bool) throws {
    let data = IsotropicMixture(count: 2_600, dimension: 24, components: 12, seed: 21, sorted: sorted)
    var driver = try Driver.embedding(.groups(20), dimension: 24)
    try driver.insertVectors(data.vectors)
    #expect(driver.state.groupCount == 20)
    #expect(driver.misplaced() == 0, "seed 21, sorted \(sorted)")
    driver.checkSums("seed 21, sorted \(sorted)")
    #expect(driver.store.groups.allSatisfy { $0 != .max })
  }

  @Test(arguments: [5, 57, 1_000])
  func theStateDoesNotDependOnHowRecordsArrive(batch: Int) throws {
    let seed: UInt64 = 22
    let data = IsotropicMixture(count: 1_200, dimension: 10, components: 9, sigma: 1.2, seed: seed)
    var random = TestRandom(seed: seed)
    var whole = try Driver.embedding(.groupSize(60), dimension: 10)
    var pieces = whole
    pieces.restarting = batch == 57
    pieces.store.blockRows = 700
    var records: [ChangeRecord] = []
    for vector in data.vectors {
      _ = pieces.store.addRow(vector: vector)
      let row = whole.store.addRow(vector: vector)
      records.append(ChangeRecord(.inserted, row, .vector))
      if random.below(4) == 0 {
        records.append(ChangeRecord(.deleted, SampleID(UInt64(random.below(Int(row.rawValue) + 1))), .vector))
      }
    }
    try whole.receive(records)
    for start in stride(from: 0, to: records.count, by: batch) {
      try pieces.receive(Array(records[start..<min(start + batch, records.count)]))
    }
    #expect(pieces.state.digest == whole.state.digest, "seed \(seed), batches of \(batch)")
    #expect(pieces.store.groups.elementsEqual(whole.store.groups))
    #expect(pieces.store.hasDistances(of: whole.store))
    #expect(pieces.store.events.elementsEqual(whole.store.events))
    #expect(whole.misplaced() == 0)
    whole.checkSums("seed \(seed)")
  }

  @Test(arguments: KernelPath.common)
  func theStateDoesNotDependOnTheProcessor(path: KernelPath) throws {
    // Many samples lie exactly or almost between centroids: small integer coordinates, repeated, some with tiny changes.
    let seed: UInt64 = 23
    var random = TestRandom(seed: seed)
    let vectors: [[Float]] = (0..<1_200).map { _ in
      var vector = (0..<40).map { _ in Float(random.below(3) - 1) }
      vector[0] = 2
      if random.below(3) == 0 { vector[1] += Float(random.unit() * 1e-6) }
      return vector
    }
    var expected = try Driver.embedding(.groups(24), dimension: 40)
    try expected.insertVectors(vectors)
    var driver = try Driver.embedding(.groups(24), dimension: 40)
    driver.state.kernels = path
    try driver.insertVectors(vectors)
    #expect(driver.state.digest == expected.state.digest, "seed \(seed), \(path)")
    #expect(driver.store.groups.elementsEqual(expected.store.groups))
    #expect(driver.store.hasDistances(of: expected.store))
    #expect(driver.misplaced() == 0)
  }

  @Test func nearTiesGoToTheLowestGroup() throws {
    var driver = try Driver.embedding(.groups(2), dimension: 3)
    try driver.insertVectors(Array(repeating: [[1, 0, 0], [0, 1, 0]], count: 40).flatMap { $0 })
    #expect(driver.state.groupCount == 2)
    // As far from the one as from the other.
    try driver.insertVectors([[1, 1, 0]])
    #expect(driver.store.groups.last == driver.state.groups.first?.rawValue)
  }

  @Test(arguments: [false, true])
  func theErrorIsThatOfFullRuns(sorted: Bool) throws {
    // One small history is a matter of luck, for the full runs too.
    let seeds: [UInt64] = [24, 124, 224, 324, 424, 524]
    let ratios = try seeds.map { seed in
      let data = IsotropicMixture(count: 2_000, dimension: 16, components: 30, seed: seed, sorted: sorted)
      var driver = try Driver.embedding(.groups(24), dimension: 16)
      try driver.insertVectors(data.vectors)
      let applied = Array(data.vectors[..<Int(driver.state.applied)])
      let full = (0..<3).map { FullRun.meanSquaredDistance(applied, k: 24, seed: $0) }.min() ?? 0
      return driver.meanSquaredDistance / full
    }
    let mean = ratios.reduce(0, +) / Double(ratios.count)
    #expect(mean < 1.02 && ratios.allSatisfy { $0 < 1.05 }, "seeds \(seeds), sorted \(sorted): \(ratios)")
  }

  @Test func aLimitedRangeKeepsAlmostAllOnTheNearestCentroid() throws {
    let data = IsotropicMixture(count: 2_200, dimension: 20, components: 30, seed: 25)
    var driver = try Driver.embedding(.groups(40), dimension: 20, options: EmbeddingOptions(repairRange: 12))
    try driver.insertVectors(data.vectors)
    #expect(Double(driver.misplaced()) < 0.01 * Double(data.vectors.count), "seed 25")
    driver.checkSums("seed 25")
    #expect(try driver.store.restored().digest == driver.state.digest)
  }

  @Test func deletionEmptiesGroupsAndTheirIdsStayUnused() throws {
    let seed: UInt64 = 26
    let data = IsotropicMixture(count: 700, dimension: 8, components: 6, seed: seed)
    var driver = try Driver.embedding(.groups(10), dimension: 8)
    try driver.insertVectors(data.vectors)
    let before = driver.state.groups
    // The deletions fill their rounds only with more records: those of samples that never had a group count as well.
    let ghosts = (0..<800).map { _ in driver.store.addRow() }
    try driver.receive(ghosts.map { ChangeRecord(.inserted, $0, .vector) })
    try driver.delete(Array(0..<700))
    try driver.receive(ghosts.map { ChangeRecord(.deleted, $0, .vector) })
    #expect(driver.state.groupCount == 0)
    #expect(driver.store.groups[..<700].allSatisfy { $0 == .max })
    let closed = driver.store.events.filter { $0.kind == .closed || $0.kind == .merged }.map(\.child)
    #expect(Set(before).isSubset(of: Set(closed)))
    try driver.insertVectors(Array(data.vectors[..<600]))
    #expect(driver.state.groupCount > 0)
    #expect(Set(driver.state.groups).isDisjoint(with: closed))
    driver.checkSums("seed \(seed)")
  }

  @Test func everyGroupHasALineage() throws {
    let data = IsotropicMixture(count: 1_500, dimension: 12, components: 20, seed: 27, sorted: true)
    var driver = try Driver.embedding(.groups(16), dimension: 12)
    try driver.insertVectors(data.vectors)
    var open: Set<GroupID> = []
    // Where the groups start over, the whole has a gain and not its parts.
    let restarts = Set(driver.store.events.filter { $0.kind == .reclustered }.map(\.position))
    for event in driver.store.events {
      let hasGain = event.gain > 0 || restarts.contains(event.position)
      switch event.kind {
      case .born: #expect(open.insert(event.child).inserted)
      case .split:
        #expect(open.contains(event.parent) && open.insert(event.child).inserted && hasGain)
      case .merged:
        #expect(open.contains(event.parent) && open.remove(event.child) != nil && event.gain <= 0)
      case .republished: #expect(open.contains(event.child) && hasGain)
      case .closed: #expect(open.remove(event.child) != nil && event.count == 0)
      case .refined, .guarded, .reclustered, .ruled:
        #expect(event.child == .unassigned && event.parent == .unassigned)
      }
    }
    #expect(open == Set(driver.state.groups))
    #expect(driver.store.events.contains { $0.kind == .merged })
    for (group, bytes) in driver.store.records {
      let record = try GroupRecord(decoding: bytes)
      #expect(record.id == group && (record.lineage.closed == nil) == open.contains(group))
      #expect(group == GroupID(0) || record.lineage.parent != nil)
    }
  }

  @Test func provisionalAssignmentChangesNothing() throws {
    let data = IsotropicMixture(count: 420, dimension: 8, components: 5, seed: 28)
    var driver = try Driver.embedding(.groups(6), dimension: 8, rules: GuardTests.plainRules)
    try driver.insertVectors(data.vectors)
    let tail = Int(driver.state.applied)..<420
    #expect(!tail.isEmpty)
    let centroids = driver.centroids
    for row in tail {
      let (group, distance) = driver.nearest(try #require(driver.normalized(row)), centroids)
      #expect(driver.store.groups[row] == group.rawValue)
      #expect(driver.store.distances[row] == -distance && driver.store.distances[row].sign == .minus)
    }
    #expect(try driver.store.restored().digest == driver.state.digest)
  }
}

extension EmbeddingGroupsTests {
  @Test func theEndOfATailCanBeAssignedByItself() throws {
    let data = IsotropicMixture(count: 1_100, dimension: 8, components: 5, seed: 29)
    var driver = try Driver.embedding(.groups(6), dimension: 8)
    try driver.insertVectors(Array(data.vectors[..<1_000]))
    var records = (1_000..<1_100).map {
      ChangeRecord(.inserted, driver.store.addRow(vector: data.vectors[$0]), .vector)
    }
    records.insert(ChangeRecord(.deleted, SampleID(1_003), .vector), at: 60)
    records.append(ChangeRecord(.deleted, SampleID(5), .vector))
    let pending = driver.pending
    var whole = driver.store
    whole.write(try driver.state.assignProvisionally(pending + records, features: whole))
    for start in stride(from: 0, to: records.count, by: 17) {
      let part = records[start..<min(start + 17, records.count)]
      driver.store.write(try driver.state.assignProvisionally(part, after: driver.store, features: driver.store))
    }
    #expect(driver.store.groups == whole.groups && driver.store.hasDistances(of: whole))
    #expect(whole.groups[1_003] == .max && whole.groups[5] != .max)
  }

  @Test func roundsGrowWithTheStore() {
    #expect(RoundSchedule.length(after: 0) == 1)
    #expect(RoundSchedule.length(after: 100) == 6)
    #expect(RoundSchedule.length(after: 16_384) == 1_024)
    #expect(RoundSchedule.length(after: 65_536) == 4_096)
    #expect(RoundSchedule.length(after: 262_144) == 4_096)
    #expect(RoundSchedule.length(after: 10_000_000) == 156_250)
    let present: [UInt64] = [0, 100, 16_383, 16_384, 65_536]
    #expect(present.map { RoundSchedule.length(present: $0, applied: $0) } == [1, 1, 255, 256, 1_024])
    #expect(present.map { RoundSchedule.length(present: $0, applied: 10_000_000) } == [64, 64, 255, 256, 1_024])
  }
}

/// k-means++ and 20 Lloyd iterations over the finished data: what the incremental engine is measured against.
enum FullRun {
  static func meanSquaredDistance(_ vectors: [[Float]], k: Int, seed: UInt64) -> Double {
    var random = TestRandom(seed: seed)
    var centers = [vectors[random.below(vectors.count)]]
    var distances = vectors.map { distance($0, centers[0]) }
    while centers.count < k {
      var draw = random.unit() * distances.reduce(0, +)
      let chosen = distances.firstIndex { value in
        draw -= value
        return draw <= 0
      }
      centers.append(vectors[chosen ?? 0])
      for (i, vector) in vectors.enumerated() {
        distances[i] = min(distances[i], distance(vector, centers[centers.count - 1]))
      }
    }
    var error = 0.0
    for _ in 0..<20 {
      var sums = [[Float]](repeating: [Float](repeating: 0, count: vectors[0].count), count: k)
      var counts = [Float](repeating: 0, count: k)
      error = 0
      for vector in vectors {
        var best = (0, Double.infinity)
        for j in 0..<k {
          let d = distance(vector, centers[j])
          if d < best.1 { best = (j, d) }
        }
        error += best.1
        counts[best.0] += 1
        for i in vector.indices { sums[best.0][i] += vector[i] }
      }
      for j in 0..<k where counts[j] > 0 { centers[j] = sums[j].map { $0 / counts[j] } }
    }
    return error / Double(vectors.count)
  }
}

private func distance(_ a: [Float], _ b: [Float]) -> Double {
  cohort_squared_distance(COHORT_PATH_BEST, a, b, a.count)
}
