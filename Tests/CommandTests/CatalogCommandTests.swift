import Foundation
import Testing

@Suite struct CatalogCommandTests {
  @Test func oneStatementIsAnswered() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let rows = try program.cohort("sql", "SELECT name, inserted FROM tasks WHERE id > 0 ORDER BY name", "--json")
        .json()
      let tasks = try #require(rows as? [[String: Any]])
      #expect(tasks.compactMap { $0["name"] as? String } == ["code", "poem", "sum"])
      #expect(tasks.compactMap { $0["inserted"] as? Int } == [100, 100, 100])
      let twice = try program.cohort("sql", "SELECT 1 AS a, 2 AS a", "--format", "csv")
      #expect(twice.output == "a,a_2\r\n1,2\r\n")
    }
  }

  @Test func quarantineSaysWhy() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let bad = #"{"prompt":"empty","completion":""}"# + "\n"
      _ = try program.cohort("ingest", "-", "--source", "x", input: PipelineTests.lines(40) + bad)
      let rows = try program.cohort("sql", "SELECT line, reason FROM quarantine", "--format", "jsonl").jsonLines()
      #expect(rows.count == 1)
      #expect(rows.first?["line"] as? Int == 41)
      #expect(rows.first?["reason"] as? String == "empty-response")
    }
  }

  @Test func statementsComeFromStandardInput() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let script = "SELECT ';' AS a; -- not; this\nSELECT\n  2 AS b;\nSELECT 3 AS c"
      let result = try program.cohort("sql", "--format", "jsonl", input: script)
      #expect(result.output == "{\"a\":\";\"}\n{\"b\":2}\n{\"c\":3}\n", "\(result)")
      let wrong = try program.cohort("sql", "--format", "jsonl", input: "SELECT 1 AS a;\nSELEC 2;\nSELECT 3 AS c;")
      #expect(wrong.status == 2)
      #expect(wrong.output.hasPrefix("{\"a\":1}\n{\"error\":"), "what was answered stays, the error is the last line")
    }
  }

  @Test(arguments: [
    "DELETE FROM log", "ATTACH 'x' AS y", "PRAGMA journal_mode = DELETE", "SELECT load_extension('x')",
    "SELECT 1; SELECT 2", "SELECT * FROM nothing", "VACUUM INTO 'copy'", "",
  ])
  func whatIsNoQuestionIsRefused(sql: String) throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let before = try program.shell("ls -R").output
      let result = try program.cohort("sql", sql, "--json")
      #expect(result.status == 2, "\(result)")
      #expect(try result.error()["category"] as? String == "usage")
      let after = try program.shell("ls -R | grep -v '^catalog[.]'").output
      #expect(after == before, "no file was made but the catalog's own")
    }
  }

  @Test func theDeadlineIsKept() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let tables = (0..<12).map { "sqlite_schema AS t\($0)" }.joined(separator: ", ")
      let endless = "SELECT count(*) FROM \(tables)"
      let start = Date()
      let result = try program.cohort("sql", endless, "--timeout", "0.3", "--json")
      #expect(result.status == 75, "\(result)")
      #expect(Date().timeIntervalSince(start) < 20)
    }
  }

  @Test func theCatalogComesBackTheSame() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let first = try #require(try program.cohort("rebuild-catalog", "--json").json() as? [String: Any])
      try FileManager.default.removeItem(at: program.folder.appendingPathComponent("cohort/catalog.sqlite"))
      let count = try program.cohort("sql", "SELECT count(*) AS n FROM log", "--format", "jsonl").jsonLines()
      #expect(count.first?["n"] as? Int == first["entries"] as? Int)
      let second = try #require(try program.cohort("rebuild-catalog", "--json").json() as? [String: Any])
      #expect(first["content_digest"] as? String == second["content_digest"] as? String)
    }
  }
}
