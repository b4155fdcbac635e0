import Foundation
import Testing

/// `cohort sql` in pipes: scripts from standard input, answers to programs.
@Suite struct SQLScriptTests {
  private static let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

  @Test func commandsChangeWhatComesBehindThem() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      let script = """
        -- Comments; and 'quotes
        .mode csv
        SELECT 1 AS a /* ; it's */; SELECT 2 AS [b;c];
        .mode jsonl
        SELECT 'x' AS d;
        .output out.txt
        .mode markdown
        SELECT 'a|b' AS text, 10 AS number;
        .output
        .mode box
        SELECT 'ü' AS e, 1 AS f
        """
      let result = try program.cohort("sql", input: script)
      #expect(
        result.output == "a\r\n1\r\nb;c\r\n2\r\n{\"d\":\"x\"}\n┌───┬───┐\n│ e │ f │\n├───┼───┤\n│ ü │ 1 │\n└───┴───┘\n",
        "\(result)")
      #expect(try program.read("out.txt") == "| text | number |\n| ---- | -----: |\n| a\\|b |     10 |\n", "\(result)")
      #expect(result.status == 0 && result.errors == "", "no prompt, no note: \(result)")
      let tables = try program.cohort("sql", "--format", "jsonl", input: ".tables\n").jsonLines()
      let names = tables.compactMap { $0["table"] as? String }
      #expect(names.contains("samples") && names.contains("quarantine") && !names.contains("grdb_migrations"))
      let steps = tables.first { $0["table"] as? String == "steps" }
      #expect((steps?["columns"] as? String)?.hasSuffix("micro, world, accumulation") == true, "\(tables)")
      let state = tables.first { $0["table"] as? String == "catalog_state" }
      #expect(state?["columns"] as? String == "id, store_id, applied_sequence, applied_mark", "\(tables)")
      let schema = try program.cohort("sql", input: ".schema log\n.quit\nSELECT 1;")
      #expect(schema.output.hasPrefix("CREATE TABLE log (") && !schema.output.contains("1\n"), "\(schema)")
      let all = names.filter { $0 != "steps" && $0 != "nearest" }.map { "SELECT * FROM \($0) LIMIT 0;\n" }.joined()
      let read = try program.cohort("sql", "--format", "csv", input: all)
      #expect(read.status == 0, "every table can be read: \(read)")
    }
  }

  @Test func theFirstErrorEndsAScript() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      for (line, status) in [
        ("SELEC 2;", 2), (".nothing", 2), ("DELETE FROM log;", 2), ("SELECT 'open;", 2), (".output /nothing/x", 1),
      ] as [(String, Int32)] {
        let script = "SELECT 1 AS a;\n\nSELECT\n  2 AS b;\n\(line)\nSELECT 3 AS c;"
        let result = try program.cohort("sql", "--format", "jsonl", input: script)
        #expect(result.status == status, "\(line): \(result)")
        #expect(
          result.output.hasPrefix("{\"a\":1}\n{\"b\":2}\n{\"error\":") && !result.output.contains("\"c\""), "\(result)")
        if status == 2 { #expect(try result.error()["place"] as? String == "standard input, line 5", "\(result)") }
      }
      let inside = try program.cohort("sql", input: "SELECT 1,\n  2,\n  nothing\nFROM log;")
      #expect(inside.errors.contains("standard input, line 3"), "\(inside)")
    }
  }

  @Test(arguments: ["jsonl", "csv"])
  func rowsComeBeforeTheLastIsComputed(format: String) throws {
    try withProgram { program in
      _ = try program.cohort("init")
      // There is no last row: whoever waits for it waits until the deadline.
      let endless = try program.shell(
        """
        cohort sql "\(Self.numbers)" --format \(format) --timeout 300 --limit 1000000000 --max-bytes 100000000000 | head -4
        """)
      #expect(endless.status == 0 && endless.output.split(whereSeparator: \.isNewline).count == 4, "\(endless)")
      // The first row does not wait for a second one, nor for a full buffer.
      // Whoever runs the tests in the background may have SIGINT ignored, and children inherit that.
      let process = try program.process(
        URL(fileURLWithPath: "/usr/bin/env"),
        [
          "--default-signal=INT", "cohort", "sql",
          "SELECT 'first' AS a UNION ALL SELECT count(*) FROM (\(Self.numbers))", "--format", format,
          "--timeout", "300",
        ])
      let output = Pipe()
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      try process.run()
      var text = ""
      while !text.contains("first") {
        let data = output.fileHandleForReading.availableData
        if data.isEmpty { break }
        text += String(decoding: data, as: UTF8.self)
      }
      #expect(text.contains("first") && process.isRunning)
      process.interrupt()
      process.waitUntilExit()
      #expect(process.terminationStatus == 130)
    }
  }

  /// JSON is one document: it is whole, or there is none.
  @Test func whatIsMoreThanTheLimitIsAnErrorInEveryFormat() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      for format in ["table", "box", "markdown", "csv", "json", "jsonl"] {
        let result = try program.cohort("sql", Self.numbers, "--format", format, "--limit", "1000")
        #expect(result.status == 2, "\(format)")
        if format == "json" {
          #expect(try result.error()["code"] as? String == "catalog.row-limit", "\(result)")
          #expect(result.output.hasPrefix("{\"error\":"), "\(result.output.prefix(200))")
        } else if format != "jsonl" {
          #expect(result.errors.contains("more than 1000 rows"), "\(format): \(result.errors)")
        }
        let whole = try program.cohort("sql", Self.numbers + " LIMIT 1000", "--format", format, "--limit", "1000")
        #expect(whole.status == 0 && whole.errors == "", "\(format)")
      }
      // Padding counts as well.
      let padded =
        "SELECT CASE i WHEN 1 THEN '\(String(repeating: "x", count: 180))' ELSE '' END AS a FROM (\(Self.numbers) LIMIT 3000)"
      for (format, status) in [("jsonl", 0), ("box", 2)] as [(String, Int32)] {
        let result = try program.cohort("sql", padded, "--format", format, "--max-bytes", "100000")
        #expect(result.status == status && result.output.utf8.count < 200_000, "\(format) \(result.errors)")
      }
    }
  }
}
