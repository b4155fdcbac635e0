import Foundation
import Testing

/// `cohort sql` over the store itself.
@Suite struct SQLTablesTests {
  private static func rows(_ program: Program, _ sql: String) throws -> [[String: Any]] {
    let result = try program.cohort("sql", sql, "--format", "jsonl")
    try #require(result.status == 0, "\(sql): \(result)")
    return try result.jsonLines()
  }

  @Test func theStoreAndItsCatalogAreJoined() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      _ = try program.cohort("delete", "7", "--yes")
      let tasks = try Self.rows(
        program,
        """
        SELECT t.name, t.inserted, count(*) AS n FROM samples s JOIN tasks t ON t.name = s.task GROUP BY t.name ORDER BY t.name
        """)
      #expect(tasks.compactMap { $0["n"] as? Int } == [100, 100, 100])
      #expect(tasks.allSatisfy { $0["n"] as? Int == $0["inserted"] as? Int })
      let state = try #require(try Self.rows(program, "SELECT * FROM store_state, catalog_state").first)
      #expect(state["live"] as? Int == 299 && state["sequence"] as? Int == state["applied_sequence"] as? Int)
      // The groups are those that `group list` shows, and the steps those of `plan show`.
      let groups = try Self.rows(
        program,
        "SELECT group_id AS \"group\", size, mean_length, longest FROM groups WHERE grouping = 'tasks' ORDER BY 1")
      let listed = try #require(
        try program.cohort("group", "list", "--grouping", "tasks", "--json").json() as? [[String: Any]])
      for key in ["group", "size", "longest"] {
        #expect(groups.map { $0[key] as? Int } == listed.map { $0[key] as? Int }, "\(key)")
      }
      let steps = try Self.rows(
        program, "SELECT step, id, group_id FROM steps WHERE plan = 'first' AND epoch = 2 ORDER BY step, position")
      let shown = try program.cohort("plan", "show", "first", "--epoch", "2", "--steps", "0..<1000", "--json")
        .jsonLines()
      #expect(shown.flatMap { $0["ids"] as? [Int] ?? [] } == steps.compactMap { $0["id"] as? Int } && steps.count > 200)
      // What a rank reads of a step.
      let ranked = try Self.rows(
        program, "SELECT id FROM steps WHERE plan = 'first' AND epoch = 2 AND step = 1 AND world = 2 AND rank = 1")
      let part = try program.cohort(
        "plan", "show", "first", "--epoch", "2", "--steps", "1..<2", "--rank", "1", "--world", "2", "--json"
      ).jsonLines()
      #expect(ranked.compactMap { $0["id"] as? Int } == part.first?["ids"] as? [Int] && !ranked.isEmpty)
    }
  }

  @Test func aTextIsNearToItself() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let made = try program.shell("cohort grouping create topics --by embedding --groups 3 && cohort update")
      try #require(made.status == 0, "\(made)")
      let near = try Self.rows(
        program,
        """
        SELECT n.id, n.distance, s.prompt FROM nearest n JOIN samples s ON s.id = n.id
        WHERE n.query = embed((SELECT prompt FROM samples WHERE id = 12)) AND n.k = 3 ORDER BY n.rank
        """)
      #expect(near.count == 3 && near.first?["id"] as? Int == 12, "\(near)")
      #expect((near.first?["distance"] as? Double ?? 1) < 1e-3)
    }
  }

  @Test func damageIsSaidWithItsPlace() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let file = program.folder.appendingPathComponent("cohort/data.mdb")
      var bytes = [UInt8](try Data(contentsOf: file))
      // The text of a sample that is stored plain, or of a dictionary: any text of the data.
      let text = Array("question number 41 of".utf8)
      guard let place = bytes.firstRange(of: text)?.lowerBound else { return }
      bytes[place] ^= 1
      try Data(bytes).write(to: file)
      let result = try program.cohort("sql", "SELECT sum(length(prompt)) FROM samples", "--json")
      #expect(result.status == 4, "\(result)")
      let error = try result.error()
      #expect(
        error["code"] as? String == "store.corrupted" && (error["message"] as? String)?.contains("Sample") == true)
    }
  }

  @Test(arguments: [
    ("SELECT * FROM steps", "tables.required", 2), ("SELECT * FROM nearest", "tables.required", 2),
    ("SELECT embed('x', 'none')", "store.unknown-embedding-space", 3),
    ("SELECT cohort_open('/etc')", "catalog.statement", 2),
    ("SELECT * FROM samples WHERE prompt REGEXP '['", "catalog.statement", 2),
    ("DELETE FROM samples", "catalog.statement", 2), ("DELETE FROM log", "catalog.refused", 2),
  ])
  func whatCannotBeAnsweredSaysWhy(sql: String, code: String, status: Int32) throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let result = try program.cohort("sql", sql, "--json")
      #expect(result.status == status, "\(sql): \(result)")
      #expect(try result.error()["code"] as? String == code, "\(sql): \(result)")
    }
  }
}
