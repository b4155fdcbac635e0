import Foundation
import Testing

@Suite struct SourceTests {
  @Test func sourcesAreListedWithTheirCounts() throws {
    try withProgram { program in
      try program.write(PipelineTests.lines(5), to: "a.jsonl")
      try program.write(PipelineTests.lines(7, from: 100), to: "b.jsonl")
      let made = try program.shell(
        """
        set -e
        cohort init
        cohort ingest a.jsonl --source first
        cohort ingest b.jsonl --source second
        cohort sample delete 1 '6..<9'
        """)
      try #require(made.status == 0, "\(made)")
      let listed = try program.cohort("source", "list", "--json")
      let rows = try #require(try listed.json() as? [[String: Any]], "\(listed)")
      #expect(rows.map { $0["name"] as? String } == ["first", "second"])
      #expect(rows.map { $0["samples"] as? Int } == [4, 4])
      #expect(rows.map { $0["deleted"] as? Int } == [1, 3])
      #expect(try program.cohort("source", "list").output.contains("b.jsonl"))
    }
  }
}
