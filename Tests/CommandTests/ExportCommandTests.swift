import Foundation
import Testing

/// Exports from the command line: what is told of samples that are left out, further columns, and scopes that are not there.
@Suite struct ExportCommandTests {
  private static let lines = [
    #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"id":8.0,"task":"mine"}"#,
    #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"b","weight":1}]}"#,
    #"{"messages":[{"role":"assistant","content":"c"}]}"#,
  ]

  private static func prepared(_ program: Program) throws {
    try program.write(lines.joined(separator: "\n"), to: "data.jsonl")
    let result = try program.shell("cohort init && cohort ingest data.jsonl && cohort grouping create g --by task")
    try #require(result.status == 0, "\(result)")
  }

  /// Standard error is a pipe here: what is left out is said all the same.
  @Test(arguments: ["out.jsonl", "-"])
  func whatIsLeftOutIsSaid(file: String) throws {
    try withProgram { program in
      try Self.prepared(program)
      let result = try program.cohort("export", "--as", "alpaca", file, "--json")
      #expect(result.status == 0 && result.errors == "left out 2 samples: message-extras 1, no-prompt 1\n", "\(result)")
      if file == "-" { return }
      let report = try #require(try result.json() as? [String: Any])
      #expect(report["written"] as? Int == 1 && (report["renamed"] as? [String: Int])?.isEmpty == true)
      #expect(report["skipped"] as? [String: Int] == ["message-extras": 1, "no-prompt": 1])
    }
  }

  @Test func furtherColumnsComeOnRequest() throws {
    try withProgram { program in
      try Self.prepared(program)
      let result = try program.cohort("export", "--as", "messages", "--with", "ids,lengths, line,source", "-")
      let first = result.output.split(separator: "\n").first.map(String.init) ?? ""
      #expect(
        first.hasSuffix(
          #","prompt_length":1,"response_length":1,"total_length":2,"line":1,"attributes.id":8.0}"#),
        "\(first)")
      #expect(first.contains(#"],"task":"mine","id":0,"source":""#))
      #expect(result.errors == "1 attribute under attributes.KEY, because a line has the key already: id 1\n")
      #expect(try program.cohort("export", "--as", "messages", "--with", "ids,nothing", "-").status == 2)
    }
  }

  @Test func aGroupThatIsNotThereIsNotFound() throws {
    try withProgram { program in
      try Self.prepared(program)
      let result = try program.cohort("export", "--as", "messages", "--grouping", "g", "--group", "77", "out.jsonl")
      #expect(result.status == 3 && result.errors.contains("has no group 77"), "\(result)")
      #expect(!FileManager.default.fileExists(atPath: program.folder.appendingPathComponent("out.jsonl").path))
    }
  }

  @Test func answersAndReasoningHaveTheirOwnMeasures() throws {
    try withProgram { program in
      try program.write(
        #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"four","reasoning":"two words"}]}"#,
        to: "data.jsonl")
      let result = try program.shell(
        """
        set -e
        cohort init
        cohort ingest data.jsonl
        cohort length add thoughts --unit words --part reasoning
        cohort length add answers --unit characters --part answer
        cohort update
        cohort length list --json > lengths.json
        cohort sample show 0 --json
        """)
      #expect(result.status == 0, "\(result)")
      let lengths = try JSONSerialization.jsonObject(with: Data(program.read("lengths.json").utf8)) as? [[String: Any]]
      #expect(lengths?.compactMap { $0["part"] as? String } == ["everything", "reasoning", "answer"])
      #expect(result.output.contains(#""response_length":13"#))
      #expect(result.output.contains(#""thoughts":{"prompt":0,"response":2,"total":2}"#), "\(result.output)")
      #expect(result.output.contains(#""answers":{"prompt":1,"response":4,"total":5}"#))
      #expect(try program.cohort("length", "add", "x", "--unit", "words", "--part", "thoughts").status == 2)
    }
  }
}
