import CohortSearch
import CohortTesting
import Testing

/// How queries are read: nothing is wrong.
@Suite struct SearchQueryTests {
  /// `+` before what must be there, `-` before what must not, `|` between alternatives.
  private static func shown(_ text: String) -> String {
    let query = SearchQuery(text)
    return query.alternatives.map { alternative in
      (alternative.all.map { "+\(query.phrases[$0].expression)" }
        + alternative.none.map { "-\(query.phrases[$0].expression)" }).joined(separator: " ")
    }.joined(separator: " | ")
  }

  @Test(arguments: [
    ("prime numbers", #"+"prime" +"numbers""#), (#""Prime Numbers""#, #"+"prime numbers""#),
    ("prim*", #"+"prim" *"#), (#""prime num"* x"#, #"+"prime num" * +"x""#),
    ("cats OR dogs NOT big", #"+"cats" | +"dogs" -"big""#), ("a AND b", #"+"a" +"b""#),
    ("a AND NOT b c", #"+"a" +"c" -"b""#), ("a a A", #"+"a""#), ("a OR a", #"+"a""#),
    // Text: operators without something on both sides, in small letters, or quoted.
    ("NOT", #"+"not""#), ("NOT a", #"+"not" +"a""#), ("a AND", #"+"a" +"and""#), ("AND OR NOT", #"+"and" | +"not""#),
    ("a OR OR b", #"+"a" | +"or" +"b""#), ("a and b", #"+"a" +"and" +"b""#), (#"a "OR" b"#, #"+"a" +"or" +"b""#),
    // Punctuation.
    ("C++", #"+"c""#), ("foo(bar)", #"+"foo bar""#), ("a:b", #"+"a b""#), ("don't", #"+"don t""#), ("(a", #"+"a""#),
    (#"""#, ""), (#"a"b"#, #"+"a b""#), (#"say "hi"#, #"+"say" +"hi""#), (#"x"a b"y"#, #"+"x" +"a b" +"y""#),
    ("***", ""),
    ("*a", #"+"a""#), ("a.*", #"+"a""#), ("a**", #"+"a" *"#), ("2*3", #"+"2 3""#), ("-a ^b {c}", #"+"a" +"b" +"c""#),
    ("", ""), (" \t\n", ""), ("++ NOT a", ""), ("a NOT ++", #"+"a""#), ("++ OR a", #"+"a""#), ("😀", #"+"😀""#),
    // Any part of a run of characters.
    ("京", #"+"京" *"#), ("東京", #"+"東京""#), ("東京都", #"+"東京 京都""#), ("x京", #"+"x 京" *"#),
    (#""東京 x""#, #"+"東京 京 x""#), ("東京*", #"+"東京""#),
  ])
  func queriesAreRead(text: String, expected: String) { #expect(Self.shown(text) == expected) }

  @Test func anyTextIsAQuery() {
    let seed = UInt64.random(in: 0..<1_000_000)
    var random = TestRandom(seed: seed)
    let pieces = [
      "\"", "*", "(", ")", ":", "^", "-", "+", "{", "}", "'", "''", "\\", "%", ";", "--", "NEAR", "AND", "OR", "NOT",
      " ",
      "  ", "a", "bc", "Ω", "京", "都", "ก", "é", "\u{301}", "\u{0}", "\n", "😀", "\u{200d}", "\u{fffd}", "fts5", "text:",
    ]
    for turn in 0..<5000 {
      let text = (0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined()
      let query = SearchQuery(text)
      for phrase in query.phrases {
        // Two quotation marks around words, and perhaps a star: FTS5 has nothing else to read in it.
        let inner = phrase.expression.dropFirst().prefix { $0 != "\"" }
        #expect(phrase.expression == "\"\(inner)\"" || phrase.expression == "\"\(inner)\" *", "\(text), seed \(seed)")
        #expect(!inner.isEmpty && !inner.contains("*"), "\(text), turn \(turn), seed \(seed)")
      }
      for alternative in query.alternatives {
        #expect(!alternative.all.isEmpty)
        #expect((alternative.all + alternative.none).allSatisfy(query.phrases.indices.contains))
      }
    }
  }

  @Test func whatIsTooLongIsSaid() throws {
    let text = String(repeating: "a ", count: SearchQuery.mostBytes / 2)
    #expect(try SearchQuery(checking: text).phrases.count == 1)
    #expect(throws: (any Error).self) { try SearchQuery(checking: text + "a") }
  }
}
