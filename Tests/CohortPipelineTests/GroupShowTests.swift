import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// One group from inside: from its own samples, whatever became of the others'.
@Suite struct GroupShowTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"))
    var lines = ""
    for number in 0..<120 {
      let (task, word) = [("poem", "verses about the sea"), ("sum", "addition of numbers")][number % 2]
      lines += "{\"prompt\":\"\(word) \(number)\",\"completion\":\"answer-\(number) \(task)\",\"kind\":\"\(task)\"}\n"
    }
    try Data(lines.utf8).write(to: URL(fileURLWithPath: folder.file("data.jsonl")))
    var request = IngestRequest(paths: [folder.file("data.jsonl")])
    request.options.task = .field("kind")
    try #require(try IngestJob.run(store, request).inserted == 120)
    _ = try store.write {
      try $0.createGrouping(name: "tasks", definition: GroupingDefinition(criterion: .task))
    }
    _ = try Pending.group(store)
  }

  @Test func theSummaryIsThatOfTheList() throws {
    _ = try store.write { try $0.delete([SampleID(0), SampleID(1), SampleID(31)], reason: "") }
    let list = try GroupListing.list(store, grouping: "tasks")
    try #require(list.filter { $0.size > 0 }.count == 2)
    for summary in list {
      let detail = try store.read { try GroupListing.show(grouping: "tasks", group: summary.group, $0) }
      var expected = summary
      expected.terms = detail.summary.terms
      #expect(detail.summary == expected && Set(detail.summary.terms) == Set(summary.terms))
      #expect(detail.medoid != nil && detail.central.count == 3 && detail.outlying.count == 3)
    }
    let poems = try #require(list.first { $0.label == "poem" })
    #expect(Set(poems.terms.prefix(2)) == ["verses", "sea"])
  }

  @Test func damageInAnotherGroupIsNoObstacle() throws {
    let list = try GroupListing.list(store, grouping: "tasks")
    let (poems, sums) = (
      try #require(list.first { $0.label == "poem" }), try #require(list.first { $0.label == "sum" })
    )
    // A sample of the sums: changed behind the store's back.
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: store.path + "/data.mdb"))
    defer { try? file.close() }
    let data = try #require(try file.readToEnd())
    let place = try #require(data.range(of: Data("answer-61 ".utf8)))
    try file.seek(toOffset: UInt64(place.lowerBound))
    try file.write(contentsOf: Data("x".utf8))
    try #require(throws: CohortError.self) { try store.read { _ = try $0.sample(SampleID(61)) } }
    let detail = try store.read { try GroupListing.show(grouping: "tasks", group: poems.group, shown: 60, $0) }
    #expect(detail.summary.size == 60 && detail.summary.label == "poem")
    #expect(Set(detail.summary.terms.prefix(2)) == ["verses", "sea"])
    #expect { try store.read { try GroupListing.show(grouping: "tasks", group: sums.group, shown: 60, $0) } } throws: {
      ($0 as? CohortError)?.category == .corruption
    }
  }

  @Test func aGroupThatIsNotThereIsNotFound() throws {
    #expect { try store.read { try GroupListing.show(grouping: "tasks", group: GroupID(77), $0) } } throws: {
      ($0 as? CohortError)?.code.name == "pipeline.unknown-group"
    }
  }
}
