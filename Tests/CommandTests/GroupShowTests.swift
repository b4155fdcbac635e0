import CohortCore
import CohortStore
import Foundation
import Testing

/// `cohort group show`: one group, and what is read for it.
@Suite struct GroupShowTests {
  /// A sample of another group that cannot be read is no reason not to show a group.
  @Test func aGroupIsShownWithoutTheOthers() throws {
    try withProgram { program in
      try program.write(PipelineTests.lines(60), to: "data.jsonl")
      let made = try program.shell(
        """
        set -e
        cohort init
        cohort ingest data.jsonl --task-field kind
        cohort grouping create tasks --by task
        cohort grouping create lens --by length --edges 40,80
        cohort update
        """)
      try #require(made.status == 0, "\(made)")
      let damaged: UInt64 = 7
      let path = program.folder.appendingPathComponent("cohort").path
      var shown: [(grouping: String, group: String, isDamaged: Bool, output: String)] = []
      for grouping in ["tasks", "lens"] {
        let own = try Store.open(at: path).read { transaction in
          let record = try #require(try transaction.grouping(named: grouping))
          return try transaction.uint32(record.groupColumn, SampleID(damaged))
        }
        let listed = try program.cohort("group", "list", "--grouping", grouping, "--json")
        let groups = try #require(try listed.json() as? [[String: Any]], "\(listed)").compactMap { $0["group"] as? Int }
        #expect(groups.count == 3, "\(listed)")
        for group in groups {
          let result = try program.cohort("group", "show", "\(group)", "--grouping", grouping, "--history", "--json")
          #expect(result.status == 0, "\(result)")
          shown.append((grouping, "\(group)", group == Int(own), result.output))
        }
      }
      #expect(shown.count { $0.isDamaged } == 2)
      // A codec that there is not.
      try ForgedStore(path: path).change(.samples, damaged) { $0[1] = 77 }
      for (grouping, group, isDamaged, output) in shown where !isDamaged {
        let result = try program.cohort("group", "show", group, "--grouping", grouping, "--history", "--json")
        #expect(result.status == 0 && result.output == output, "group \(group) of \(grouping): \(result)")
        let table = try program.cohort("group", "show", group, "--grouping", grouping)
        #expect(table.status == 0, "group \(group) of \(grouping): \(table)")
      }
    }
  }
}
