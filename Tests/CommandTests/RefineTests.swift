import CohortTesting
import Foundation
import Testing

/// `cohort grouping refine`: the error falls until it stops, as logged passes that replay.
@Suite struct RefineTests {
  private static let data = Checkout.quickstartData

  private func refine(_ program: Program, _ arguments: String...) throws -> [String: Any] {
    let result = try program.shell("cohort grouping refine topics --json " + arguments.joined(separator: " "))
    #expect(result.status == 0, "\(result)")
    return try #require(try result.jsonLines().first, "\(result)")
  }

  @Test func theErrorFallsUntilItStopsAndTheLogSaysHow() throws {
    try withProgram { program in
      let prepared = try program.shell(
        """
        set -e
        cohort init
        cohort ingest \(Self.data)/gsm8k --task gsm8k --embeddings \(Self.data)/gsm8k.npy
        cohort grouping create topics --by embedding --groups 16
        cohort grouping create tasks --by task
        cohort update
        """)
      try #require(prepared.status == 0, "\(prepared)")
      let first = try refine(program, "--until", "0", "--passes", "1")
      #expect(first["passes"] as? Int == 1 && first["settled"] as? Bool == false, "\(first)")
      let (before, after) = (first["before"] as? Double ?? 0, first["after"] as? Double ?? 1)
      #expect(after < before, "\(first)")
      // Nothing is left provisional, and the grouping goes on from there.
      let ingested = try program.shell(
        "cohort ingest \(Self.data)/p3 --task-from-filename --embeddings \(Self.data)/p3.npy && cohort update "
          + "&& cohort sample delete 3 5 700 --reason test")
      #expect(ingested.status == 0, "\(ingested)")
      let second = try refine(program, "--until", "0")
      #expect(second["settled"] as? Bool == true && second["groups"] as? Int == 16, "\(second)")
      let third = try refine(program)
      #expect(third["passes"] as? Int == 0 && third["moved"] as? Int == 0, "\(third)")
      #expect(third["before"] as? Double == third["after"] as? Double)

      let replay = try program.cohort("verify", "--replay", "--json")
      #expect(replay.status == 0, "\(replay)")
      let verified = try program.cohort("verify")
      #expect(verified.status == 0, "\(verified)")
      let kinds = try program.cohort(
        "sql", "SELECT COUNT(*) AS n FROM group_events WHERE kind = 'refined'", "--json")
      #expect(kinds.status == 0 && !kinds.output.contains("\"n\":0"), "\(kinds)")
      let history = try program.cohort("group", "show", "0", "--grouping", "topics", "--history", "--json")
      #expect(history.status == 0 && !history.output.contains("\"refined\""), "\(history)")
    }
  }

  @Test func balancedGroupsStayWithinTheirBounds() throws {
    try withProgram { program in
      let prepared = try program.shell(
        """
        set -e
        cohort init
        cohort ingest \(Self.data)/p3 --task-from-filename --embeddings \(Self.data)/p3.npy
        cohort grouping create topics --by embedding --group-size 20 --balance
        cohort update
        cohort grouping refine topics
        """)
      try #require(prepared.status == 0, "\(prepared)")
      let listed = try program.cohort("group", "list", "--grouping", "topics", "--json")
      let groups = try #require(
        try JSONSerialization.jsonObject(with: Data(listed.output.utf8)) as? [[String: Any]], "\(listed)")
      let sizes = groups.compactMap { $0["size"] as? Int }
      #expect(sizes.count > 1 && sizes.allSatisfy { (5...80).contains($0) }, "\(sizes)")
      #expect(try program.cohort("grouping", "list").output.contains("balanced embedding"))
      #expect(try program.cohort("verify", "--replay").status == 0)
      let wrong = try program.cohort("grouping", "create", "x", "--by", "task", "--balance")
      #expect(wrong.status == 2 && wrong.errors.contains("--balance goes with --by embedding"), "\(wrong)")
    }
  }

  @Test func whatCannotBeRefinedIsToldSo() throws {
    try withProgram { program in
      let prepared = try program.shell("cohort init && cohort grouping create tasks --by task")
      try #require(prepared.status == 0, "\(prepared)")
      let wrong = try program.cohort("grouping", "refine", "tasks")
      #expect(wrong.status == 2 && wrong.errors.contains("embedding"), "\(wrong)")
      #expect(try program.cohort("grouping", "refine", "topics").status == 3)
      #expect(try program.cohort("grouping", "refine", "tasks", "--passes", "0").status == 2)
      #expect(try program.cohort("grouping", "refine", "tasks", "--until", "2").status == 2)
    }
  }
}
