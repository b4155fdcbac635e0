import Foundation
import Testing

/// Products of two groupings, as a user makes them.
@Suite struct ProductTests {
  private static func prepared(_ program: Program) throws {
    try program.write(PipelineTests.lines(300), to: "data.jsonl")
    let result = try program.shell(
      """
      set -e
      cohort init
      cohort ingest data.jsonl --task-field kind
      cohort grouping create tasks --by task
      cohort grouping create lengths --by length --quantiles 4
      """)
    try #require(result.status == 0, "\(result)")
  }

  @Test func cellsAreGroupsInEverythingThatFollows() throws {
    try withProgram { program in
      try Self.prepared(program)
      let made = try program.cohort("grouping", "create", "both", "--by", "tasks*lengths", "--min-size", "20", "--json")
      #expect(made.status == 0, "\(made)")
      let result = try program.shell(
        """
        set -e
        cohort update
        cohort sample delete '0..<30'
        cohort update --grouping both --json > updates.json
        cohort snapshot create s --grouping both
        cohort plan create p --snapshot s --grouping both --batch-size 8
        cohort plan show p --epoch 0 --json > steps.jsonl
        cohort export --snapshot s --as messages out.jsonl
        cohort verify --replay
        cohort group list --grouping both
        cohort sql "SELECT COUNT(*) FROM rounds"
        """)
      #expect(result.status == 0, "\(result)")
      let updates = try #require(
        try JSONSerialization.jsonObject(with: Data(program.read("updates.json").utf8)) as? [[String: Any]])
      #expect(updates.compactMap { $0["grouping"] as? String } == ["tasks", "lengths", "both"])
      let list = try program.cohort("group", "list", "--grouping", "both", "--json")
      let groups = try #require(try list.json() as? [[String: Any]])
      #expect(groups.compactMap { $0["size"] as? Int }.reduce(0, +) == 270, "\(list)")
      for group in groups {
        let (label, size) = (group["label"] as? String ?? "", group["size"] as? Int ?? 0)
        #expect(label.hasSuffix("x (rest)") || size >= 20, "\(label) \(size)")
        #expect(["sum", "poem", "code"].contains { label.hasPrefix($0 + " x ") }, "\(label)")
      }
      let groupings = try #require(try program.cohort("grouping", "list", "--json").json() as? [[String: Any]])
      #expect((groupings.last?["by"] as? String)?.contains("tasks*lengths") == true)
      let steps = try program.read("steps.jsonl").split(separator: "\n")
      #expect(steps.count >= 270 / 8)
      let first = try #require(groups.first?["group"] as? Int)
      let shown = try program.cohort("group", "show", "\(first)", "--grouping", "both", "--history", "--json")
      #expect(((try shown.json() as? [String: Any])?["history"] as? [Any])?.isEmpty == false, "\(shown)")

      // A factor stays while the product does.
      let refused = try program.cohort("grouping", "drop", "lengths", "--json")
      #expect(refused.status == 2, "\(refused)")
      #expect((try refused.error()["message"] as? String)?.contains("both") == true, "\(refused)")
      #expect(try program.cohort("grouping", "drop", "both").status == 0)
      #expect(try program.cohort("grouping", "drop", "lengths").status == 0)
      #expect(try program.cohort("verify", "--replay").status == 0)
    }
  }

  @Test func whatHasNoProductIsRefused() throws {
    try withProgram { program in
      try Self.prepared(program)
      #expect(try program.cohort("grouping", "create", "both", "--by", "tasks*lengths").status == 0)
      let cases: [(by: String, status: Int32, words: String)] = [
        ("tasks*tasks", 2, "itself"), ("tasks*length", 3, "length"), ("task*lengths", 3, "task"),
        ("both*tasks", 2, "is a product"), ("tasks*both", 2, "is a product"), ("*tasks", 2, "A*B"),
        ("tasks*", 2, "A*B"),
        ("nothing*else", 3, "nothing"),
      ]
      for (by, status, words) in cases {
        let result = try program.cohort("grouping", "create", "g", "--by", by, "--json")
        #expect(result.status == status, "\(by): \(result)")
        #expect(result.output.contains(words), "\(by): \(result)")
      }
      for arguments in [
        ["tasks*lengths", "--min-size", "0"], ["task", "--min-size", "3"], ["tasks*lengths", "--groups", "3"],
      ] {
        let result = try program.shell(
          "cohort grouping create g --by \(arguments.map { "'\($0)'" }.joined(separator: " "))")
        #expect(result.status == 2, "\(arguments): \(result)")
      }
      // Names with stars: the groupings decide.
      let starred = try program.shell(
        """
        set -e
        cohort grouping create 'a*b' --by task
        cohort grouping create stars --by 'a*b*lengths'
        cohort update && cohort verify --replay --grouping stars
        """)
      #expect(starred.status == 0, "\(starred)")
    }
  }
}
