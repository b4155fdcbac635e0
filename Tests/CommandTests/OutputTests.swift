import Foundation
import Testing

@Suite struct OutputTests {
  @Test func formatsHoldTheSameRows() throws {
    try withProgram { program in
      let json = try #require(try program.cohort("config", "show", "--format", "json").json() as? [[String: Any]])
      let lines = try program.cohort("config", "show", "--format", "jsonl").jsonLines()
      let csv = try program.cohort("config", "show", "--format", "csv").output
      let table = try program.cohort("config", "show").output
      let keys = json.compactMap { $0["key"] as? String }
      #expect(keys.contains("store"))
      #expect(lines.compactMap { $0["key"] as? String } == keys)
      let rows = csv.components(separatedBy: "\r\n")
      #expect(rows.first == "key,value,origin,place,environment")
      #expect(rows.dropFirst().dropLast().map { $0.prefix { $0 != "," } } == keys.map { $0[...] })
      #expect(table.split(separator: "\n").dropFirst().map { $0.prefix { $0 != " " } } == keys.map { $0[...] })
    }
  }

  @Test func csvQuotesWhatNeedsIt() throws {
    try withProgram { program in
      let result = try program.cohort("config", "show", "--format", "csv", "--store", "a \"b\", c")
      #expect(result.output.contains("store,\"a \"\"b\"\", c\",flag,--store,COHORT_STORE\r\n"), "\(result)")
    }
  }

  @Test func theSameCommandPrintsTheSameBytes() throws {
    try withProgram { program in
      let first = try program.cohort("config", "show", "--json").output
      for _ in 0..<3 { #expect(try program.cohort("config", "show", "--json").output == first) }
    }
  }

  @Test func pipesGetNoColour() throws {
    try withProgram { program in
      for format in ["table", "json"] {
        let result = try program.cohort("config", "show", "--format", format, environment: ["TERM": "xterm"])
        #expect(!result.output.contains("\u{1b}"))
      }
    }
  }

  @Test func terminalsGetColourUnlessTheyRefuse() throws {
    try withProgram { program in
      for (environment, isColored) in [
        (["TERM": "xterm"], true), (["TERM": "xterm", "NO_COLOR": "1"], false), (["TERM": "dumb"], false), ([:], false),
      ] {
        let terminal = try PseudoTerminal(columns: 100)
        _ = try program.cohort("config", "show", environment: environment, output: terminal.slave)
        let text = terminal.text()
        #expect(text.contains("workers"))
        #expect(text.contains("\u{1b}[") == isColored, "\(environment) \(text.debugDescription)")
      }
    }
  }

  @Test func narrowTerminalsCutText() throws {
    try withProgram { program in
      let terminal = try PseudoTerminal(columns: 40)
      let path = String(repeating: "宽é", count: 40)
      _ = try program.cohort("config", "show", "--store", path, output: terminal.slave)
      let line = try #require(terminal.text().split(separator: "\r\n").first { $0.hasPrefix("store") })
      #expect(line.contains("…"))
      #expect(line.count < 40)
    }
  }

  @Test func terminalsNeverSeeControlCharactersOfOthers() throws {
    try withProgram { program in
      let name = "x\u{1b}]0;title\u{7}\u{9b}31m\u{202e}y"
      for format in ["table", "csv", "json"] {
        let terminal = try PseudoTerminal(columns: 200)
        _ = try program.cohort("config", "show", "--format", format, "--store", name, output: terminal.slave)
        let text = terminal.text()
        #expect(text.contains("title"))
        #expect(!text.unicodeScalars.contains { [0x1b, 0x07, 0x9b].contains($0.value) }, "\(text.debugDescription)")
        // What reorders a line, too; and it can be seen that it is there.
        #expect(!text.unicodeScalars.contains("\u{202e}"), "\(text.debugDescription)")
        #expect(text.contains(format == "json" ? #"\u202e"# : "<U+202E>"), "\(text.debugDescription)")
      }
    }
  }
}
