import CohortClustering
import CohortCore
import CohortTesting
import Testing

struct LengthGroupsTests {
  static func definition(
    _ edges: GroupingDefinition.Edges, _ granularity: GroupingDefinition.Granularity = .automatic
  ) -> GroupingDefinition {
    GroupingDefinition(criterion: .length(.response, edges), granularity: granularity)
  }

  /// Every applied sample lies in its group's interval, and the counts are those of the table.
  static func checkInvariants(_ driver: Driver, _ comment: Comment? = nil) {
    for (row, group) in driver.store.groups.enumerated() where group != .max {
      guard driver.store.distances[row].sign == .plus else { continue }
      guard case .interval(let lower, let upper)? = driver.state.record(of: GroupID(group))?.geometry else {
        Issue.record("row \(row) has no open group")
        continue
      }
      #expect(lower <= driver.store.lengths[row] && driver.store.lengths[row] < upper, comment)
    }
    for group in driver.state.groups {
      #expect(driver.state.record(of: group)?.count == driver.store.sizes[group], comment)
    }
  }

  @Test func givenEdgesAreTheIntervals() throws {
    var driver = try Driver(Self.definition(.given([16, 64, 256])))
    try driver.insertLengths([0, 15, 16, 63, 64, 255, 256, 100_000])
    #expect(driver.store.groups == [0, 0, 1, 1, 2, 2, 3, 3])
    #expect(driver.state.record(of: GroupID(0))?.geometry == .interval(lower: 0, upper: 16))
    #expect(driver.state.record(of: GroupID(3))?.geometry == .interval(lower: 256, upper: .max))
    Self.checkInvariants(driver)
  }

  @Test(arguments: [[0, 4], [4, 4], [8, 4]] as [[UInt64]])
  func edgesThatAreNotAscendingAreRefused(edges: [UInt64]) {
    #expect(throws: CohortError.self) { try Driver(Self.definition(.given(edges))) }
  }

  @Test func givenEdgesWithAGroupSizeSplitWhatIsOverfull() throws {
    var driver = try Driver(Self.definition(.given([100]), .groupSize(50)))
    var random = TestRandom(seed: 5)
    try driver.insertLengths((0..<3_000).map { _ in UInt64(random.below(100)) })
    Self.checkInvariants(driver)
    #expect(driver.state.groupCount > 8)
    #expect(driver.store.events.contains { $0.kind == .split })
    #expect(driver.state.groups.allSatisfy { (driver.state.record(of: $0)?.count ?? 0) <= 300 })
  }

  @Test func quantilesHoldTheSameNumberEach() throws {
    var driver = try Driver(Self.definition(.quantiles(8)))
    var random = TestRandom(seed: 6)
    try driver.insertLengths((0..<1_000).map { _ in UInt64(random.below(500)) })
    #expect(driver.state.groupCount == 8)
    let sizes = driver.state.groups.compactMap { driver.state.record(of: $0)?.count }
    let applied = sizes.reduce(0, +)
    #expect(applied >= 800)
    for size in sizes { #expect(size > applied / 10 && size < applied / 6, "seed 6: \(sizes)") }
    Self.checkInvariants(driver)
  }

  @Test func quantilesFollowDataThatDrifts() throws {
    var driver = try Driver(Self.definition(.quantiles(4)))
    var random = TestRandom(seed: 7)
    try driver.insertLengths((0..<20_000).map { UInt64($0 / 10 + random.below(30)) })
    let sizes = driver.state.groups.compactMap { driver.state.record(of: $0)?.count }
    #expect(sizes.count == 4)
    #expect((sizes.max() ?? 0) < 2 * (sizes.reduce(0, +) / 4), "seed 7: \(sizes)")
    Self.checkInvariants(driver)
  }

  @Test func equalWidthSplitsAnIntervalThatHoldsTooMuch() throws {
    var driver = try Driver(Self.definition(.equalWidth(10)))
    var random = TestRandom(seed: 8)
    try driver.insertLengths((0..<6_000).map { $0 % 500 == 0 ? 1_000 : UInt64(random.below(90)) })
    Self.checkInvariants(driver)
    let split = try #require(driver.store.events.first { $0.kind == .split })
    #expect(split.count >= 1_024)
    let record = try GroupRecord(decoding: try #require(driver.store.records[split.child]))
    #expect(record.lineage.parent == split.parent && record.lineage.born == split.position)
  }

  @Test(arguments: [GroupingDefinition.Edges.quantiles(5), .equalWidth(5), .given([3, 8])])
  func oneLengthOnlyIsOneGroup(edges: GroupingDefinition.Edges) throws {
    var driver = try Driver(Self.definition(edges, .groupSize(10)))
    try driver.insertLengths(Array(repeating: 7, count: 6_000))
    #expect(driver.state.groupCount == 1)
    Self.checkInvariants(driver)
  }

  @Test(arguments: [GroupingDefinition.Edges.quantiles(6), .equalWidth(6), .given([30, 60])], [29, 101, 900])
  func theStateDoesNotDependOnHowRecordsArrive(edges: GroupingDefinition.Edges, batch: Int) throws {
    let seed: UInt64 = 9
    var random = TestRandom(seed: seed)
    var whole = try Driver(Self.definition(edges, .groupSize(40)))
    var pieces = whole
    pieces.restarting = batch == 101
    pieces.store.blockRows = 1_000
    var records: [ChangeRecord] = []
    for _ in 0..<5_000 {
      let length = UInt64(random.below(10) * random.below(12))
      _ = pieces.store.addRow(length: length)
      let row = whole.store.addRow(length: length)
      records.append(ChangeRecord(.inserted, row, .length(length)))
      if random.below(5) == 0 {
        let gone = random.below(Int(row.rawValue) + 1)
        records.append(ChangeRecord(.deleted, SampleID(UInt64(gone)), .length(whole.store.lengths[gone])))
      }
    }
    try whole.receive(records)
    for start in stride(from: 0, to: records.count, by: batch) {
      try pieces.receive(Array(records[start..<min(start + batch, records.count)]))
    }
    #expect(pieces.state.digest == whole.state.digest, "seed \(seed), batches of \(batch)")
    #expect(pieces.store.groups.elementsEqual(whole.store.groups))
    #expect(pieces.store.events.elementsEqual(whole.store.events))
    Self.checkInvariants(whole, "seed \(seed)")
  }
}
