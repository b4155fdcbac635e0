import CohortClustering
import CohortCore
import CohortTesting
import Testing

struct LabelGroupsTests {
  static let definition = GroupingDefinition(criterion: .task)

  @Test func everyLabelIsAGroupAndAMissingOneToo() throws {
    var driver = try Driver(Self.definition)
    try driver.insertLabels(["math", nil, "code", "math", "", "code", "math"])
    #expect(driver.state.groups == [0, 1, 2].map { GroupID($0) })
    #expect(driver.store.groups == [0, 1, 2, 0, 1, 2, 0])
    #expect(driver.state.record(of: GroupID(1))?.geometry == .label(""))
    #expect(driver.store.events.map(\.kind) == [.born, .born, .born])
    #expect(driver.store.events.map(\.position) == [1, 2, 3])
  }

  @Test func anEmptiedGroupIsClosedAndItsIdNeverUsedAgain() throws {
    var driver = try Driver(Self.definition)
    try driver.insertLabels(["math", "code"])
    try driver.receive([ChangeRecord(.deleted, SampleID(1), .label("code"))])
    #expect(driver.state.groups == [GroupID(0)])
    #expect(driver.store.groups == [0, UInt32.max])
    try driver.insertLabels(["code"])
    #expect(driver.state.groups == [GroupID(0), GroupID(2)])
    #expect(driver.store.events.map(\.kind) == [.born, .born, .closed, .born])
    let closed = try GroupRecord(decoding: try #require(driver.store.records[GroupID(1)]))
    #expect(closed.lineage.closed == 3 && closed.count == 0)
  }

  @Test(arguments: [1, 7, 100, 5_000])
  func theStateDoesNotDependOnHowRecordsArrive(batch: Int) throws {
    var random = TestRandom(seed: 11)
    let labels: [String?] = (0..<6_000).map { _ in
      let label = random.below(40)
      return label == 0 ? nil : "task-\(label * label % 31)"
    }
    var whole = try Driver(Self.definition)
    try whole.insertLabels(labels)
    var pieces = try Driver(Self.definition)
    pieces.restarting = batch > 50
    for start in stride(from: 0, to: labels.count, by: batch) {
      try pieces.insertLabels(Array(labels[start..<min(start + batch, labels.count)]))
    }
    #expect(pieces.state.digest == whole.state.digest, "seed 11, batches of \(batch)")
    #expect(pieces.store.groups.elementsEqual(whole.store.groups))
    #expect(pieces.store.events.elementsEqual(whole.store.events))
    #expect(whole.state.groups.allSatisfy { whole.state.record(of: $0)?.count == whole.store.sizes[$0] })
  }

  @Test func aSampleWithAnotherLabelMoves() throws {
    var driver = try Driver(Self.definition)
    try driver.insertLabels(["math", "code", "math"])
    try driver.receive([
      ChangeRecord(.relabelled, SampleID(0), .label("code")), ChangeRecord(.relabelled, SampleID(1), .label("code")),
      ChangeRecord(.relabelled, SampleID(2), .label("art")),
    ])
    #expect(driver.store.groups == [1, 1, 2])
    #expect(driver.store.events.map(\.kind) == [.born, .born, .born, .closed])
    #expect(driver.store.events.map(\.position) == [1, 2, 6, 6])
    #expect(driver.state.groups == [1, 2].map { GroupID($0) } && driver.state.record(of: GroupID(1))?.count == 2)
    // What has no group keeps none.
    try driver.receive([ChangeRecord(.deleted, SampleID(2), .label(nil))])
    try driver.receive([ChangeRecord(.relabelled, SampleID(2), .label("math"))])
    #expect(driver.state.groups == [GroupID(1)])
  }

  /// A group whose only sample is confirmed in it stays.
  @Test func aSampleWithTheSameLabelStays() throws {
    var driver = try Driver(Self.definition)
    try driver.insertLabels(["math"])
    try driver.receive([ChangeRecord(.relabelled, SampleID(0), .label("math"))])
    #expect(driver.store.groups == [0] && driver.store.events.map(\.kind) == [.born])
    #expect(driver.state.applied == 2)
  }

  @Test(arguments: [
    GroupingDefinition(criterion: .length(.response, .given([5]))), GroupingDefinition(criterion: .task),
  ])
  func onlyGroupingsByLabelTakeChangedLabels(definition: GroupingDefinition) throws {
    var driver = try Driver(definition)
    let isByLabel = definition.criterion is TaskKind
    let feature: ChangeRecord.Feature = isByLabel ? .label("a") : .length(3)
    let row = driver.store.addRow()
    try driver.receive([ChangeRecord(.inserted, row, feature)])
    if isByLabel {
      try driver.receive([ChangeRecord(.relabelled, row, feature)])
    } else {
      #expect(throws: CohortError.self) { try driver.receive([ChangeRecord(.relabelled, row, feature)]) }
    }
  }

  @Test func aRecordOfAnotherKindIsRefusedAndChangesNothing() throws {
    var driver = try Driver(Self.definition)
    try driver.insertLabels(["a"])
    let before = driver.state.digest
    let row = driver.store.addRow()
    #expect(throws: CohortError.self) { try driver.receive([ChangeRecord(.inserted, row, .length(3))]) }
    #expect(driver.state.digest == before)
  }

  @Test func aSampleBeyondTheStoreIsAnError() throws {
    var driver = try Driver(Self.definition)
    #expect(throws: CohortError.self) {
      try driver.receive([ChangeRecord(.inserted, SampleID(9), .label("a"))])
    }
  }
}
