import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import Foundation
import Testing

/// Groupings by source: each source is a group, deletions included.
@Suite struct SourceGroupTests {
  @Test func everySourceIsAGroup() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    _ = try store.write {
      try $0.createGrouping(name: "sources", definition: GroupingDefinition(criterion: .source))
    }
    for (name, count) in [("a.jsonl", 30), ("b.jsonl", 20)] {
      let lines = (0..<count).map { #"{"prompt":"\#(name) \#($0)","completion":"r"}"# }
      try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder.file(name)))
      #expect(try IngestJob.run(store, IngestRequest(paths: [folder.file(name)])).inserted == UInt64(count))
    }
    _ = try store.write { try $0.delete([SampleID(3), SampleID(40)], reason: "test") }
    try Pending.group(store)
    try store.read { transaction in
      let grouping = try transaction.existingGrouping("sources")
      var members: [GroupID: Set<UInt32>] = [:]
      for id in 0..<50 as Range<UInt64> where ![3, 40].contains(id) {
        let group = GroupID(try transaction.uint32(grouping.groupColumn, SampleID(id)))
        members[group, default: []].insert(try transaction.uint32(Column.source, SampleID(id)))
      }
      #expect(members.count == 2 && members.values.allSatisfy { $0.count == 1 })
      for group in members.keys {
        let source = try #require(try members[group]?.first.flatMap { try transaction.source(SourceID($0)) })
        #expect(try transaction.group(group, in: grouping.id)?.geometry == .label(source.name))
      }
    }
    #expect(try store.verify().isSound)
  }
}
