import Foundation
import Testing

/// Samples are deleted by what is known of them, never by accident.
@Suite struct DeleteByFilterTests {
  private static func prepare(_ program: Program) throws {
    func topic(_ row: Int) -> String { row % 2 == 0 ? "even" : "odd" }
    for (name, language) in [("one", "en"), ("two", "de")] {
      let lines = (0..<6).map {
        #"{"prompt":"\#(name) \#($0)","completion":"c","topic":"\#(topic($0))","kind":"\#(topic($0))","meta":{"language":"\#(language)"}}"#
      }
      try program.write(lines.joined(separator: "\n") + "\n", to: "\(name).jsonl")
    }
    let made = try program.shell(
      """
      set -e; cohort init; cohort ingest one.jsonl --source one --task-field topic
      cohort ingest two.jsonl --source two --task-field topic
      cohort grouping create topics --by attribute:kind; cohort update
      """)
    try #require(made.status == 0, "\(made)")
  }

  private static func live(_ program: Program) throws -> Int? {
    try (program.cohort("info", "--json").json() as? [String: Any])?["samples"] as? Int
  }

  @Test func conditionsAreCountedAndDeleted() throws {
    try withProgram { program in
      try Self.prepare(program)
      for (line, count) in [
        ("--source one", 6), ("--task even", 6), ("--where kind=odd", 6), ("--where meta.language!=en --task odd", 3),
        ("--where kind=even --where meta.language=en", 3), ("--grouping topics --group 0", 6),
        ("--source one --where meta.language=de", 0),
      ] {
        let dry = try program.shell("cohort delete \(line) --dry-run --json")
        #expect(dry.status == 0, "\(line)\n\(dry)")
        #expect(try (dry.json() as? [String: Any])?["deleted"] as? Int == count, "\(line)")
      }
      #expect(try Self.live(program) == 12)
      let result = try program.shell("cohort delete --where meta.language!=en --task odd --yes --json")
      #expect(try (result.json() as? [String: Any])?["deleted"] as? Int == 3)
      #expect(try Self.live(program) == 9)
      let none = try program.shell("cohort delete --where meta.language!=en --task odd --yes --progress on")
      #expect(none.status == 0 && none.errors.contains("nothing to delete"), "\(none)")
      let checked = try program.shell("cohort update && cohort verify --replay --grouping topics")
      #expect(checked.status == 0, "\(checked)")
    }
  }

  @Test func withoutATerminalNothingIsDeletedUnconfirmed() throws {
    try withProgram { program in
      try Self.prepare(program)
      let refused = try program.shell("cohort delete --source one --json")
      #expect(refused.status == 2, "\(refused)")
      #expect(try (refused.error()["hint"] as? String)?.contains("--yes") == true)
      #expect(try Self.live(program) == 12)
    }
  }

  @Test(arguments: [("y\n", 6), ("yes\n", 6), ("n\n", 12), ("\n", 12)])
  func aTerminalIsAsked(answer: String, left: Int) throws {
    try withProgram { program in
      try Self.prepare(program)
      let terminal = try PseudoTerminal(columns: 100)
      terminal.type(answer)
      let result = try program.shell("cohort delete --source one <&1 2>&1", output: terminal.slave)
      #expect(terminal.text().contains("Delete 6 samples for good? [y/N]"))
      #expect(result.status == (left == 6 ? 0 : 130))
      #expect(try Self.live(program) == left)
    }
  }

  @Test(arguments: [
    ("--source oen", "Did you mean 'one'?"), ("--task evn", "Did you mean 'even'?"),
    ("--grouping topcis --group 0", "Did you mean 'topics'?"),
  ])
  func aMisspeltNameIsNotFound(line: String, hint: String) throws {
    try withProgram { program in
      try Self.prepare(program)
      let result = try program.shell("cohort delete \(line) --yes --json")
      #expect(result.status == 3, "\(result)")
      #expect(try result.error()["hint"] as? String == hint)
      #expect(try Self.live(program) == 12)
    }
  }
}
