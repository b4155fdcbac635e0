import CohortTesting
import Foundation
import Testing

/// `cohort sql` with a person before it: on a real terminal, with the system's library for editing and without.
@Suite struct SQLShellTests {
  /// What was shown on the terminal, and how the program ended.
  private struct Talk {
    let text: String
    let status: Int32?
    let missing: String?
  }

  private enum Step {
    case expect(String)
    case type(String)
    /// Waits for a file.
    case shows(String)

    var json: [String] {
      switch self {
      case .expect(let text): ["expect", text]
      case .type(let text): ["type", text]
      case .shows(let path): ["shows", path]
      }
    }
  }

  private static let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

  private static func talk(
    _ program: Program, _ arguments: [String] = [], environment: [String: String] = [:], _ steps: [Step]
  ) throws -> Talk {
    let script: [String: Any] = [
      "command": [Program.executable("cohort").path, "sql"] + arguments,
      "environment": [
        "TERM": "xterm", "PAGER": "cat", "HOME": program.folder.path, "XDG_STATE_HOME": program.folder.path + "/state",
      ].merging(environment) { $1 },
      "rows": 24, "columns": 80, "steps": steps.map(\.json),
    ]
    let json = String(decoding: try JSONSerialization.data(withJSONObject: script), as: UTF8.self)
    let driver = Checkout.root.appendingPathComponent("Tests/CommandTests/Fixtures/terminal.py").path
    let result = try program.run(
      URL(fileURLWithPath: "/usr/bin/env"), ["python3", driver, json], environment: [:])
    let object = try #require(try result.json() as? [String: Any], "\(result)")
    return Talk(
      text: object["text"] as? String ?? "", status: (object["status"] as? Int).map(Int32.init),
      missing: object["missing"] as? String)
  }

  private static func withStore(_ body: (Program) throws -> Void) throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try body(program)
    }
  }

  /// Both of the library's kinds, where the system has them, and none.
  private static let editors = ["libedit.so.2", "libreadline.so.8", "off"].filter {
    $0 == "off" || dlopen($0, RTLD_NOW) != nil
  }

  @Test(arguments: editors)
  func statementsAreAnsweredUntilControlD(editor: String) throws {
    try Self.withStore { program in
      let talk = try Self.talk(
        program, environment: ["COHORT_LINE_EDITOR": editor],
        [
          .expect("sql> "), .type("SELECT 40 + 2 AS answer; SELECT ';' AS semi;\r"), .expect("42"), .expect(";\r\n"),
          .expect("sql> "), .type("SELECT 'it''s; /* not */\r"), .expect("'..> "),
          .type("two' || '-' || 'lines' AS text -- ;\r"), .expect("...> "), .type("/* ; \r"), .expect("/*.> "),
          .type("*/;\r"), .expect("two-lines"), .expect("sql> "), .type("\u{4}"),
        ])
      #expect(talk.missing == nil && talk.status == 0, "\(talk)")
    }
  }

  @Test(arguments: editors)
  func mistakesAreMarkedAndTheShellGoesOn(editor: String) throws {
    try Self.withStore { program in
      let talk = try Self.talk(
        program, environment: ["COHORT_LINE_EDITOR": editor],
        [
          .expect("sql> "), .type("SELECT 1, nonesuch FROM log;\r"), .expect("  SELECT 1, nonesuch FROM log;"),
          .expect("\n            ^\r\n"), .expect("The statement is not valid"), .expect("no such column"),
          .expect("sql> "), .type("DELETE FROM log;\r"), .expect("it deletes rows"), .expect("sql> "),
          .type("SELECT * FROM steps;\r"), .expect("error:"), .expect("sql> "), .type(".modus csv\r"),
          .expect("Did you mean .mode?"), .expect("sql> "), .type("SELECT 'on' || 'ward';\r"), .expect("onward"),
          .expect("sql> "), .type(".quit\r"),
        ])
      #expect(talk.missing == nil && talk.status == 0, "\(talk)")
    }
  }

  @Test(arguments: editors)
  func controlCEndsTheStatementAndNotTheShell(editor: String) throws {
    try Self.withStore { program in
      let talk = try Self.talk(
        program, ["--timeout", "300"], environment: ["COHORT_LINE_EDITOR": editor],
        [
          .expect("sql> "), .type("SELECT half of it\r"), .expect("...> "), .type("and \u{3}"), .expect("sql> "),
          .type("SELECT 'whole';\r"), .expect("\nwhole"), .expect("sql> "), .type(".timer on\r"), .expect("sql> "),
          .type("SELECT 'now'; \(Self.endless);\r"), .expect("\nnow"), .expect("rows: 1"), .type("\u{3}"),
          .expect("The statement was cancelled"), .expect("sql> "), .type("SELECT 'still' || ' here';\r"),
          .expect("still here"), .expect("sql> "), .type("exit\r"),
        ])
      #expect(talk.missing == nil && talk.status == 0, "\(talk)")
    }
  }

  @Test func linesComeBackInTheNextShell() throws {
    guard let editor = Self.editors.first(where: { $0 != "off" }) else { return }
    try Self.withStore { program in
      let environment = ["COHORT_LINE_EDITOR": editor]
      let first = try Self.talk(
        program, environment: environment,
        [
          .expect("sql> "), .type("SELECT 'remembered';\r"), .expect("\nremembered"), .expect("sql> "),
          .type(" SELECT 'secret';\r"), .expect("\nsecret"), .expect("sql> "), .type("\u{4}"),
        ])
      #expect(first.missing == nil && first.status == 0, "\(first)")
      #expect(try program.read("state/cohort/sql_history") == "SELECT 'remembered';\n")
      let modes = try program.shell("stat -c %a state/cohort/sql_history state/cohort")
      #expect(modes.output == "600\n700\n", "\(modes)")
      let second = try Self.talk(
        program, environment: environment,
        [
          .expect("sql> "), .type("\u{1b}[A"), .expect("remembered"), .type("\r"), .expect("\nremembered"),
          .expect("sql> "), .type("\u{4}"),
        ])
      #expect(second.missing == nil && second.status == 0, "\(second)")
      // A history that has become long is shortened.
      try program.write((0..<3000).map { "SELECT \($0);\n" }.joined(), to: "state/cohort/sql_history")
      let third = try Self.talk(program, environment: environment, [.expect("sql> "), .type("\u{4}")])
      #expect(third.status == 0, "\(third)")
      let lines = try program.read("state/cohort/sql_history").split(separator: "\n")
      #expect(lines.count == 1000 && lines.last == "SELECT 2999;")
      // One that is larger than what is read keeps its newest lines, too.
      let filling = String(repeating: " ", count: 4000)
      try program.write((0..<3000).map { "SELECT\(filling)\($0);\n" }.joined(), to: "state/cohort/sql_history")
      let fourth = try Self.talk(program, environment: environment, [.expect("sql> "), .type("\u{4}")])
      #expect(fourth.status == 0, "\(fourth)")
      let newest = try program.read("state/cohort/sql_history").split(separator: "\n")
      #expect(newest.count == 1000 && newest.first == "SELECT\(filling)2000;" && newest.last == "SELECT\(filling)2999;")
    }
  }

  /// Ten times what a pipe holds.
  private static let long = "SELECT a.response, b.response FROM samples a, samples b LIMIT 5000"

  /// A pager that reads nothing holds up the shell until Control-C, and no longer.
  @Test func controlCEndsAPagerThatDoesNotRead() throws {
    try Self.withStore { program in
      let talk = try Self.talk(
        program, environment: ["COHORT_LINE_EDITOR": "off", "PAGER": "echo stuck here; exec sleep 1000"],
        [
          .expect("sql> "), .type("\(Self.long);\r"), .expect("stuck here"), .type("\u{3}"), .expect("sql> "),
          .type("SELECT 'still' || ' here';\r"), .expect("still here"), .expect("sql> "), .type("exit\r"),
        ])
      #expect(talk.missing == nil && talk.status == 0, "\(talk)")
    }
  }

  /// Neither does a pipe that nobody reads.
  @Test func controlCEndsAnAnswerThatNobodyReads() throws {
    try Self.withStore { program in
      let path = program.folder.appendingPathComponent("pipe").path
      try #require(mkfifo(path, 0o600) == 0)
      let reader = open(path, O_RDONLY | O_NONBLOCK)
      try #require(reader >= 0)
      defer { close(reader) }
      let process = try program.process(
        URL(fileURLWithPath: "/bin/sh"),
        [
          "-c",
          "\(LimitTests.free)\nfree cohort sql --format jsonl '\(Self.long)' > pipe",
        ])
      try process.run()
      defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
      // Most of the answer has no room in the pipe.
      let isFull = isReached(within: 60, every: 0.01) {
        var waiting: Int32 = 0
        return ioctl(reader, UInt(FIONREAD), &waiting) == 0 && waiting >= 1 << 15
      }
      #expect(isFull && process.isRunning)
      kill(process.processIdentifier, SIGINT)
      let isOver = isReached(within: 60, every: 0.01) { !process.isRunning }
      #expect(isOver)
      if !process.isRunning { #expect(process.terminationStatus == 130) }
    }
  }

  @Test(arguments: editors.filter { $0 != "off" })
  func wordsAreCompleted(editor: String) throws {
    try Self.withStore { program in
      let talk = try Self.talk(
        program, environment: ["COHORT_LINE_EDITOR": editor],
        [
          .expect("sql> "), .type("SEL\t'a' || 'b';\r"), .expect("\nab"), .expect("sql> "),
          // A table, a column of what the line calls `l`, a function, a column of a table.
          .type("select cou\t(l.total) FROM leng\ts l WHERE l.meas\t= 'default';\r"), .expect("300"), .expect("sql> "),
          .type("SELECT count(quarantine.rea\t) FROM quarantine;\r"), .expect("0\r\n"), .expect("sql> "),
          .type(".sche\tlengths\r"), .expect("CREATE TABLE lengths("), .expect("sql> "), .type(".mo\tmark\t\r"),
          .expect("sql> "), .type("SELECT 7 AS seven;\r"), .expect("| ----: |"), .expect("sql> "), .type("\u{4}"),
        ])
      #expect(talk.missing == nil && talk.status == 0, "\(talk)")
    }
  }

  @Test func whatIsMissingIsSaidOnce() throws {
    try Self.withStore { program in
      let talk = try Self.talk(
        program, environment: ["COHORT_LINE_EDITOR": "libnothing.so.9"],
        [.expect("libedit2"), .expect("sql> "), .type("SELECT 1;\r"), .expect("sql> "), .type("\u{4}")])
      #expect(talk.missing == nil && talk.status == 0, "\(talk)")
      #expect(talk.text.components(separatedBy: "libedit2").count == 2, "\(talk)")
      // Who wants none is not told.
      let quiet = try Self.talk(
        program, environment: ["COHORT_LINE_EDITOR": "off"], [.expect("sql> "), .type("\u{4}")])
      #expect(!quiet.text.contains("libedit") && quiet.status == 0, "\(quiet)")
    }
  }

  @Test func longAnswersGoThroughThePager() throws {
    try Self.withStore { program in
      let pager = "sed 's/^/paged /'"
      let talk = try Self.talk(
        program, environment: ["PAGER": pager, "COHORT_LINE_EDITOR": "off"],
        [
          .expect("sql> "), .type("SELECT 'few' AS a;\r"), .expect("\nfew"), .expect("sql> "),
          .type("SELECT id FROM samples WHERE id < 60;\r"), .expect("paged id"), .expect("paged 59"), .expect("sql> "),
          // Whoever leaves the pager early leaves the statement, too.
          .type(".output\r"), .expect("sql> "), .type("\u{4}"),
        ])
      #expect(talk.missing == nil && talk.status == 0, "\(talk)")
      #expect(!talk.text.contains("paged few"), "\(talk)")
      let left = try Self.talk(
        program, ["--timeout", "300", "--limit", "1000000000", "--max-bytes", "100000000000"],
        environment: ["PAGER": "head -2", "COHORT_LINE_EDITOR": "off"],
        [
          .expect("sql> "),
          .type("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS number FROM n;\r"),
          .expect("number"), .expect("1"), .expect("sql> "), .type("SELECT 'on' || 'ward';\r"), .expect("onward"),
          .expect("sql> "), .type("\u{4}"),
        ])
      #expect(left.missing == nil && left.status == 0, "\(left)")
    }
  }

  /// What was answered already is shown while the statement goes on.
  @Test func rowsAreShownWhileOthersAreAwaited() throws {
    try Self.withStore { program in
      for mode in ["table", "box", "csv", "jsonl"] {
        let talk = try Self.talk(
          program, ["--timeout", "300", "--format", mode], environment: ["PAGER": "", "COHORT_LINE_EDITOR": "off"],
          [
            .expect("sql> "), .type("SELECT 'fi' || 'rst' AS a UNION ALL SELECT * FROM (\(Self.endless));\r"),
            .expect("first"),
            .type("\u{3}"), .expect("cancelled"), .expect("sql> "), .type("\u{4}"),
          ])
        #expect(talk.missing == nil && talk.status == 0, "\(mode): \(talk)")
      }
    }
  }
}
