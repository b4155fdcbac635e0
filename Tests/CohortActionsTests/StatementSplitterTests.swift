import CohortActions
import CohortCore
import CohortTesting
import Testing

@Suite struct StatementSplitterTests {
  private static func items(_ script: String, pieces: Int? = nil) throws -> [StatementSplitter.Item] {
    var splitter = StatementSplitter()
    var items: [StatementSplitter.Item] = []
    var rest = Array(script.utf8)[...]
    while !rest.isEmpty {
      try splitter.feed(rest.prefix(pieces ?? rest.count)) { items.append($0) }
      rest = rest.dropFirst(pieces ?? rest.count)
    }
    if let last = splitter.finish() { items.append(last) }
    return items
  }

  private static func texts(_ script: String) throws -> [String] { try items(script).map(\.text) }

  @Test func statementsEndOutsideOfQuotesAndComments() throws {
    #expect(try Self.texts("SELECT 1;SELECT 2") == ["SELECT 1;", "SELECT 2"])
    #expect(try Self.texts("SELECT ';' ; SELECT \"a;b\"; SELECT `;`; SELECT [;]").count == 4)
    #expect(try Self.texts("SELECT 'it''s;'; SELECT 2") == ["SELECT 'it''s;';", "SELECT 2"])
    #expect(try Self.texts("SELECT 1 -- it's; \n; SELECT 2") == ["SELECT 1 -- it's; \n;", "SELECT 2"])
    #expect(try Self.texts("SELECT 1 /* ; it's \" */; SELECT 2") == ["SELECT 1 /* ; it's \" */;", "SELECT 2"])
    #expect(try Self.texts("SELECT 1 /*/;*/; SELECT 2").count == 2)
    #expect(try Self.texts("SELECT 4 / 2 - 1; SELECT 1 - -1; SELECT 5-/*;*/1").count == 3)
    #expect(try Self.texts("SELECT 1 --\n-1; SELECT 2") == ["SELECT 1 --\n-1;", "SELECT 2"])
    #expect(try Self.texts(" ;; -- nothing; \n /* ; */ ; \n") == [])
    #expect(try Self.texts("-- first\n/* second */ SELECT 1;") == ["SELECT 1;"])
    #expect(try Self.texts("-") == ["-"])
    #expect(try Self.texts("SELECT 'open; SELECT 2;") == ["SELECT 'open; SELECT 2;"])
    #expect(try Self.texts("SELECT 1 /* open; SELECT 2;") == ["SELECT 1 /* open; SELECT 2;"])
  }

  @Test func linesWithAPointAreCommandsBetweenStatements() throws {
    let items = try Self.items(".mode csv \r\nSELECT 1\n.5;\n-- why\n.tables;\n /* a */ .no;\n.quit")
    #expect(items.map(\.text) == [".mode csv", "SELECT 1\n.5;", ".tables;", ".no;", ".quit"])
    #expect(items.map(\.kind) == [.command, .statement, .command, .statement, .command])
    #expect(items.map(\.line) == [1, 2, 5, 6, 7])
  }

  @Test func thePlaceTellsWhatIsOpen() throws {
    for (script, place) in [
      ("", .between), ("SELECT 1;", .between), ("  \n-- a\n", .between), ("SELECT", .statement),
      ("SELECT '", .quoted(0x27)),
      ("SELECT [a", .quoted(0x5d)), ("SELECT /* '", .comment), ("/*", .comment), ("SELECT 1 -- '", .statement),
    ] as [(String, StatementSplitter.Place)] {
      var splitter = StatementSplitter()
      try splitter.feed(script.utf8) { _ in }
      #expect(splitter.place == place, "\(script)")
    }
  }

  /// A statement that begins with a word and ends with a semicolon, with everything in it that may hide one.
  private static func statement(_ random: inout TestRandom) -> String {
    let words = [
      "SELECT", "a", "ü", "1.5", ",", "(", ")", "<>", " - ", " / ", "*", "\n", "  ", "\t", "\r\n", "🙂", "||", ".",
      "- -", "'", "\"", "`", "[", "--", "/*",
    ]
    let inside = ["x", ";", "''", "--", "/*", "*", "\"\"", "ü", " ", "[", "\n", "- ", "数"]
    var text = "SELECT "
    for _ in 0..<random.below(12) {
      let word = words[random.below(words.count)]
      func filling(_ random: inout TestRandom, without end: String) -> String {
        (0..<random.below(6)).map { _ in inside[random.below(inside.count)] }.filter { !$0.contains(end) }.joined()
      }
      switch word {
      case "'": text += "'" + filling(&random, without: "\u{0}").replacing("''", with: "") + "'"
      case "\"": text += "\"" + filling(&random, without: "\"") + "\""
      case "`": text += "`" + filling(&random, without: "`") + "`"
      case "[": text += "[" + filling(&random, without: "]") + "]"
      case "--": text += "--" + filling(&random, without: "\n") + "\n"
      case "/*": text += "/*" + filling(&random, without: "*") + "*/"
      // A point at the beginning of a line is one within a statement, too.
      default: text += word
      }
      // What stands next to it may not begin a comment together with it.
      text += [" ", "x", "\n"][random.below(3)]
    }
    return text + ";"
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func whatIsJoinedIsCutAgain(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let separators = ["\n", " ", "", ";", " ; \n", "-- a comment; 'with'\n", "/* ; ' */", "\n\n/*\n*/ "]
    for _ in 0..<200 {
      let statements = (0..<random.below(6)).map { _ in Self.statement(&random) }
      let script = statements.map { $0 + separators[random.below(separators.count)] }.joined()
      let items = try Self.items(script)
      #expect(items.map(\.text) == statements, "seed \(seed): \(script.debugDescription)")
      // However the bytes come.
      #expect(try Self.items(script, pieces: 1 + random.below(7)) == items, "seed \(seed): \(script.debugDescription)")
      // The lines are those of the script.
      let lines = script.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      for item in items {
        let first = item.text.utf8.prefix { $0 != UInt8(ascii: "\n") }
        let line = lines.indices.contains(item.line - 1) ? String(lines[item.line - 1]) : nil
        #expect(
          line?.contains(String(decoding: first, as: UTF8.self)) == true, "seed \(seed): \(script.debugDescription)")
      }
    }
  }

  /// Time is linear in the script: each byte is looked at once, in a step that does not depend on those before it.
  @Test func eachByteIsLookedAtOnce() throws {
    for count in [10, 1000, 50_000] {
      let script = String(repeating: "SELECT '\n", count: 1) + String(repeating: "a;\n", count: count / 3) + "';"
      for pieces in [1, 17, 1 << 16] {
        var splitter = StatementSplitter()
        var rest = Array(script.utf8)[...]
        while !rest.isEmpty {
          try splitter.feed(rest.prefix(pieces)) { _ in }
          rest = rest.dropFirst(pieces)
        }
        #expect(splitter.bytesLookedAt == script.utf8.count, "\(count) \(pieces)")
      }
    }
  }

  @Test func whatNeverEndsIsRefused() throws {
    var splitter = StatementSplitter()
    let error = #expect(throws: CohortError.self) {
      for _ in 0..<1000 { try splitter.feed(repeatElement(UInt8(ascii: "a"), count: 1000)) { _ in } }
    }
    #expect(error?.code.name == "catalog.refused" && splitter.bytesLookedAt == 65_537)
    // The script begins anew.
    var items: [StatementSplitter.Item] = []
    try splitter.feed("SELECT 1;".utf8) { items.append($0) }
    #expect(items.map(\.text) == ["SELECT 1;"])
  }
}
