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

  /// By the lengths that a grouping divides by; for all others, by the responses in the store's unit.
  @Test func lengthsAreThoseThatAGroupingDividesBy() throws {
    _ = try MeasureLibrary.add(store, name: "words", unit: .words, tokenizer: nil)
    _ = try store.write { transaction in
      for (name, part, measure) in [
        ("own", GroupingDefinition.LengthPart.total, nil as String?), ("words", .prompt, "words"),
      ] {
        _ = try transaction.createGrouping(
          name: name, definition: GroupingDefinition(criterion: .length(part, .quantiles(2), measure: measure)))
      }
    }
    _ = try Pending.measure(store)
    _ = try Pending.group(store)
    for (grouping, measure, unit, part) in [
      ("tasks", "default", nil as LengthUnit?, GroupingDefinition.LengthPart.response),
      ("own", "default", nil, .total), ("words", "words", .words, .prompt),
    ] {
      let (lengths, groups) = try store.read { transaction in
        let further = try transaction.measure(named: measure)
        let record = try transaction.existingGrouping(grouping)
        return try (
          (0..<UInt64(120)).map { id -> UInt32 in
            let own = try transaction.lengths(SampleID(id))
            let lengths = try further.map { try #require(try transaction.lengths(SampleID(id), by: $0)) } ?? own
            return switch part {
            case .prompt: lengths.prompt
            case .response: lengths.response
            case .total: lengths.total
            }
          }, (0..<UInt64(120)).map { try transaction.uint32(record.groupColumn, SampleID($0)) }
        )
      }
      for summary in try GroupListing.list(store, grouping: grouping, withTerms: false) {
        let members = zip(lengths, groups).filter { $1 == summary.group.rawValue }.map { Double($0.0) }
        #expect(summary.size == UInt64(members.count), "\(grouping)")
        #expect(abs(summary.meanLength - members.reduce(0, +) / Double(members.count)) < 1e-9, "\(grouping)")
        #expect(Double(summary.longest) == members.max(), "\(grouping)")
        #expect(summary.lengthMeasure == measure && summary.lengthUnit == unit && summary.lengthPart == part)
        let detail = try store.read { try GroupListing.show(grouping: grouping, group: summary.group, $0) }
        #expect(detail.summary.meanLength == summary.meanLength && detail.summary.longest == summary.longest)
        #expect(detail.lengths.reduce(0) { $0 + $1.size } == summary.size)
      }
    }
  }

  /// Samples that came since are not measured yet: they have no length, and are in no mean.
  @Test func whatIsNotMeasuredIsInNoMean() throws {
    _ = try MeasureLibrary.add(store, name: "words", unit: .words, tokenizer: nil)
    _ = try store.write {
      try $0.createGrouping(
        name: "words", definition: GroupingDefinition(criterion: .length(.response, .given([1]), measure: "words")))
    }
    let unmeasured = try GroupListing.list(store, grouping: "words", withTerms: false)
    #expect(unmeasured.map(\.size) == [120] && unmeasured[0].meanLength == 0 && unmeasured[0].longest == 0)
  }

  /// All of them: the sizes of a group's tasks add up to its own.
  @Test func noTaskIsLeftOut() throws {
    _ = try store.write {
      try $0.createGrouping(name: "whole", definition: GroupingDefinition(criterion: .length(.response, .given([]))))
    }
    var lines = ""
    for number in 0..<30 { lines += "{\"prompt\":\"p\(number)\",\"completion\":\"c\",\"kind\":\"t\(number % 10)\"}\n" }
    try Data(lines.utf8).write(to: URL(fileURLWithPath: folder.file("more.jsonl")))
    var request = IngestRequest(paths: [folder.file("more.jsonl")])
    request.options.task = .field("kind")
    try #require(try IngestJob.run(store, request).inserted == 30)
    _ = try Pending.group(store)
    let group = try #require(try GroupListing.list(store, grouping: "whole", withTerms: false).first)
    #expect(group.tasks.count == 12 && group.tasks.reduce(0) { $0 + $1.size } == group.size)
    #expect(group.tasks.map(\.size) == group.tasks.map(\.size).sorted(by: >))
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
