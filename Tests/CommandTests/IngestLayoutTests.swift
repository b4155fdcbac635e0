import CohortTesting
import Foundation
import Testing

/// Layouts, roles, previews and labels, as commands.
@Suite struct IngestLayoutTests {
  private static let tickets =
    #"{"queue":"a","ticket":{"talk":[{"who":"caller","said":"Q"},{"who":"agent","said":"A"}]}}"# + "\n"
  private static let description = """
    messages = "ticket.talk"
    task = "queue"
    role-key = "who"
    content-key = "said"
    roles = { agent = "assistant", caller = "user" }
    """

  @Test func layoutsComeFromAFileOrTheConfiguration() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      try program.write(Self.tickets, to: "a.jsonl")
      #expect(try program.cohort("ingest", "a.jsonl").status == 2)
      try program.write(Self.description, to: "tickets.toml")
      let fromFile = try program.cohort("ingest", "a.jsonl", "--layout", "tickets.toml", "--dry-run", "--json")
      #expect(fromFile.status == 0 && fromFile.output.contains(#""layout":"tickets""#), "\(fromFile)")
      try program.write("[layouts.support]\n" + Self.description, to: "cohort.toml")
      // By its name, and by detection.
      for option in ["--layout support", ""] {
        let result = try program.shell("cohort ingest a.jsonl --dry-run --json \(option)")
        #expect(result.status == 0 && result.output.contains(#""layout":"support""#), "\(result)")
      }
      let config = try program.cohort("config", "show")
      #expect(config.status == 0, "\(config)")
    }
  }

  @Test(arguments: [
    ("messages = 3", "not a string"), ("mesages = \"x\"", "Did you mean 'messages'?"), ("prompt = \"x\"", "neither"),
    ("messages = \"x\"\nroles = { a = \"nobody\" }", "not a role"), ("messages = ", "TOML"),
  ])
  func aLayoutThatCannotBeUnderstoodIsRefused(text: String, words: String) throws {
    try withProgram { program in
      _ = try program.cohort("init")
      try program.write(Self.tickets, to: "a.jsonl")
      try program.write(text, to: "x.toml")
      let result = try program.cohort("ingest", "a.jsonl", "--layout", "x.toml")
      #expect(result.status == 2 && result.errors.contains(words), "\(result)")
    }
  }

  @Test func aDryRunShowsTheFirstRecordsFieldByField() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      try program.write(#"{"instruction":"I","input":"in","output":"O","id":3}"# + "\n", to: "a.jsonl")
      let shown = try program.cohort("ingest", "a.jsonl", "--dry-run")
      #expect(shown.status == 0, "\(shown)")
      for words in [#"prompt: "I""#, #"input: "in""#, #"response: "O""#, "attribute: 3", "user (prompt)"] {
        #expect(shown.output.contains(words), "\(words) in \(shown)")
      }
      let json = try #require(
        try program.cohort("ingest", "a.jsonl", "--dry-run", "--json").json() as? [String: Any])
      let preview = try #require((json["preview"] as? [[String: Any]])?.first)
      #expect((preview["messages"] as? [[String: Any]])?.count == 2)
      #expect((try program.cohort("info", "--json").json() as? [String: Any])?["samples"] as? Int == 0)
    }
  }

  @Test func unknownRolesAreNamedUntilTheyAreSaid() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let record = #"{"messages":[{"role":"hummany","content":"Q"},{"role":"assistant","content":"A"}]}"#
      try program.write(record + "\n", to: "a.jsonl")
      let noted = try program.cohort("ingest", "a.jsonl", "--dry-run")
      #expect(noted.errors.contains("--role 'hummany=user'"), "\(noted)")
      let said = try program.cohort("ingest", "a.jsonl", "--role", "hummany=user")
      #expect(said.status == 0 && !said.errors.contains("hummany"), "\(said)")
    }
  }

  @Test func snapshotsTakeDesiredResponsesOnly() throws {
    try withProgram { program in
      let rows = (0..<6).map { #"{"prompt":"Q\#($0)","completion":"A","label":\#($0 % 2 == 0)}"# }
      try program.write(rows.joined(separator: "\n") + "\n", to: "a.jsonl")
      let made = try program.shell(
        """
        set -e
        cohort init; cohort ingest a.jsonl --task t; cohort grouping create tasks --by task
        cohort snapshot create good --where label=true --json
        cohort plan create p --snapshot good --grouping tasks --batch-size 3 --json
        cohort plan show p --epoch 0 --json
        cohort verify
        """)
      #expect(made.status == 0 && made.output.contains(#""samples":3"#), "\(made)")
      #expect(made.output.contains(#""group":0"#) && !made.output.contains(#""step":1"#), "\(made)")
      let none = try program.cohort("snapshot", "create", "x", "--task", "nobody")
      #expect(none.status == 3, "\(none)")
    }
  }
}
