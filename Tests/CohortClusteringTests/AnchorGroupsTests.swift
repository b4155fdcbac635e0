import CohortClustering
import CohortCore
import CohortVectors
import CohortKernels
import CohortTesting
import Testing

struct AnchorGroupsTests {
  static let dimension = 12

  /// Anchors of 7 labels, one near-copy among them, not normalised.
  static func anchors(seed: UInt64, count: Int = 40) throws -> AnchorSet {
    let mixture = IsotropicMixture(count: count, dimension: dimension, components: 7, seed: seed)
    return try AnchorSet(
      dimension: dimension,
      rows: mixture.vectors.enumerated().map { i, vector in
        (label: "label \(mixture.components[i])", vector: vector.map { $0 * Float(i + 1) })
      })
  }

  static func driver(_ anchors: AnchorSet, votes: Int) throws -> Driver {
    var driver = try Driver(GroupingDefinition(criterion: .task))
    driver.state = try GroupingState(
      definition: GroupingDefinition(
        criterion: .anchors(.init(space: "s", votes: votes, leakage: 0.98, set: anchors.digest))),
      dimension: dimension, anchors: anchors)
    return driver
  }

  /// The store compares bytes, and so do anchors: what only looks the same has a group of its own.
  @Test func labelsAreEqualWhenTheirBytesAre() throws {
    let labels = ["caf\u{e9}", "cafe\u{301}", "caf\u{e9}"]
    let set = try AnchorSet(
      dimension: 2, rows: zip(labels, [[1, 0], [0, 1], [1, 1]] as [[Float]]).map { (label: $0, vector: $1) })
    #expect(set.labels.map { Array($0.utf8) } == labels.prefix(2).map { Array($0.utf8) })
    #expect(set.owners == [0, 1, 0])
    let read = try AnchorSet(decoding: set.encoded, digest: set.digest)
    #expect(read.encoded == set.encoded && read.owners == set.owners)
    let error = #expect(throws: CohortError.self) {
      try AnchorSet(
        dimension: 2, rows: zip(labels, [[1, 0], [2, 0]] as [[Float]]).map { (label: $0, vector: $1) })
    }
    #expect(error?.message.contains("which has the label") == true, "\(error?.message ?? "")")
  }

  /// Nearest anchors in fixed-order Float64, one by one.
  private func expected(_ row: [Float], _ anchors: AnchorSet, votes: Int) -> (label: Int, distance: Float) {
    let ranking = (0..<anchors.count).map { j in
      let anchor = Array(anchors.vectors[(j * Self.dimension)..<((j + 1) * Self.dimension)])
      return (cohort_squared_distance(COHORT_PATH_PLAIN, row, anchor, Self.dimension), j)
    }.sorted { $0 < $1 }
    var tally = [(votes: Int, sum: Double)](repeating: (0, 0), count: anchors.labels.count)
    for (distance, j) in ranking.prefix(votes) {
      tally[anchors.owners[j]].votes += 1
      tally[anchors.owners[j]].sum += distance
    }
    var best = 0
    for label in tally.indices
    where (tally[label].votes, -tally[label].sum) > (tally[best].votes, -tally[best].sum) {
      best = label
    }
    return (best, Float(ranking[0].0))
  }

  @Test(arguments: [1, 2, 3, 8, 40], [UInt64(5), 6])
  func theLabelIsThatOfTheNearestOrOfMostVotes(votes: Int, seed: UInt64) throws {
    let anchors = try Self.anchors(seed: seed)
    let data = IsotropicMixture(count: 1_500, dimension: Self.dimension, components: 9, seed: seed &+ 100)
    var driver = try Self.driver(anchors, votes: votes)
    // Anchors themselves among the data: distance 0, and ties of whole rows.
    var vectors: [[Float]?] = data.vectors
    for j in 0..<anchors.count { vectors.append(Array(anchors.vectors[(j * 12)..<(j * 12 + 12)])) }
    vectors[17] = nil
    vectors[18] = [Float](repeating: 0, count: 12)
    try driver.insertVectors(vectors)
    for row in vectors.indices {
      let place = Comment(rawValue: "seed \(seed), \(votes) votes, row \(row)")
      guard let unit = driver.normalized(row) else {
        #expect(driver.store.groups[row] == .max, place)
        continue
      }
      let (label, distance) = expected(unit, anchors, votes: votes)
      #expect(driver.store.groups[row] == UInt32(label), place)
      #expect(driver.store.distances[row].bitPattern == distance.bitPattern, place)
    }
    #expect(driver.state.groups.count == anchors.labels.count)
    #expect(driver.store.sizes.allSatisfy { driver.state.record(of: $0.key)?.count == $0.value })
  }

  @Test(arguments: [1, 13, 700], [1, 5])
  func theStateDependsOnNeitherPiecesNorRestartsNorThePath(batch: Int, votes: Int) throws {
    let anchors = try Self.anchors(seed: 9)
    let vectors: [[Float]?] = IsotropicMixture(count: 1_400, dimension: 12, components: 9, seed: 10).vectors
    var whole = try Self.driver(anchors, votes: votes)
    whole.state.kernels = .plain
    try whole.insertVectors(vectors)
    try whole.delete(Array(stride(from: 0, to: 1_400, by: 3)))
    var pieces = try Self.driver(anchors, votes: votes)
    for start in stride(from: 0, to: vectors.count, by: batch) {
      try pieces.insertVectors(Array(vectors[start..<min(start + batch, vectors.count)]))
      if start % 5 == 0 {
        pieces.state = try GroupingState(
          header: pieces.store.header, groups: try pieces.store.records.values.map { try GroupRecord(decoding: $0) },
          anchors: anchors)
      }
    }
    for row in stride(from: 0, to: 1_400, by: 3) { try pieces.delete([row]) }
    #expect(pieces.state.digest == whole.state.digest)
    #expect(pieces.store.groups == whole.store.groups && pieces.store.hasDistances(of: whole.store))
    #expect(whole.store.events.map(\.kind).allSatisfy { $0 == .born } && pieces.store.events == whole.store.events)
  }

  @Test func aSetIsReadBackAndItsDamageIsNoticed() throws {
    let anchors = try Self.anchors(seed: 3)
    let bytes = anchors.encoded
    #expect(try AnchorSet(decoding: bytes, digest: anchors.digest) == anchors)
    #expect(throws: CohortError.self) { try AnchorSet(decoding: bytes.dropLast(), digest: anchors.digest) }
    var random = TestRandom(seed: 4)
    for _ in 0..<300 {
      var damaged = bytes
      damaged[random.below(damaged.count)] ^= UInt8(1 << random.below(8))
      #expect(throws: CohortError.self) { try AnchorSet(decoding: damaged, digest: anchors.digest) }
      // Also without the digest nothing traps.
      do { _ = try AnchorSet(decoding: damaged, digest: XXH3.hash128(damaged)) } catch {
        #expect((error as? CohortError)?.isFormat == true)
      }
    }
  }

  /// The table of `Schemas/grouping-state.md`.
  @Test func theBytesOfAnchorsAreThoseOfTheDocument() throws {
    let anchors = try AnchorSet(
      dimension: 2, rows: [("b", [0, 3]), ("a", [1, 0]), ("b", [-2, 0])])
    let one: [UInt8] = [0, 0, 0x80, 0x3f]
    let zero: [UInt8] = [0, 0, 0, 0]
    #expect(
      anchors.encoded
        == [1, 2, 2, 1, 0x62, 1, 0x61, 3, 0, 1, 0] + zero + one + one + zero + [0, 0, 0x80, 0xbf, 0, 0, 0, 0])
  }

  @Test func whatCannotBeAnAnchorIsRefusedWithItsPlace() throws {
    let good: (label: String, vector: [Float]) = ("a", [1, 0])
    let cases: [(rows: [(label: String, vector: [Float])], words: String, row: Int?)] = [
      ([], "no anchors", nil),
      ([good, ("", [0, 1])], "no label", 2),
      ([good, ("b", [1, 0, 0])], "3 values", 2),
      ([good, ("b", [0, .nan])], "not a finite", 2),
      ([good, ("b", [.infinity, 0])], "not a finite", 2),
      ([good, ("b", [0, -0.0])], "zeros", 2),
      ([good, ("b", [0, 1]), ("a", [2, 0])], "same vector as that of anchor 1", 3),
      ([good, ("b", [3, 0])], "label \"a\"", 2),
    ]
    for (rows, words, row) in cases {
      let error = #expect(throws: CohortError.self, "\(words)") { try AnchorSet(dimension: 2, rows: rows) }
      #expect(error?.message.contains(words) == true, "\(words): \(String(describing: error))")
      #expect(error?.category == .usage && error?.place == row.map { "anchor \($0)" }, "\(words)")
    }
    let anchors = try AnchorSet(dimension: 2, rows: [good])
    for votes in [0, 2] {
      #expect(throws: CohortError.self) {
        try GroupingState(
          definition: GroupingDefinition(
            criterion: .anchors(.init(space: "s", votes: votes, leakage: 1, set: anchors.digest))),
          dimension: 2, anchors: anchors)
      }
    }
  }
}
