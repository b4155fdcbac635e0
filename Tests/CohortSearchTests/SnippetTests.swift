import CohortSearch
import CohortTesting
import Testing

/// What is shown of a sample, and how it is ranked.
@Suite struct SnippetTests {
  private static func cut(_ messages: [String], _ query: String) -> String? {
    var words = Words(keepsPlaces: true)
    for (index, message) in messages.enumerated() {
      if index > 0 { words.addBoundary() }
      var message = message
      message.withUTF8 { words.add(UnsafeRawBufferPointer($0)) }
    }
    var text = messages.joined(separator: "\n")
    return text.withUTF8 { Snippet.cut(UnsafeRawBufferPointer($0), words, SearchQuery(query)) }
  }

  @Test func hitsAreMarkedAndSpacesAreOne() {
    #expect(Self.cut(["Ein Ärger,\n\n  sagt er."], "arger sagt") == "Ein **Ärger**, **sagt** er.")
    #expect(Self.cut(["a\u{1b}[31mb"], "b") == "a [31mb" || Self.cut(["a\u{1b} b"], "b") == "a **b**")
    #expect(Self.cut(["東京都に住む。"], "京都") == "東**京都**に住む。")
    #expect(Self.cut(["東京都に住む。"], "東京都") == "**東京都**に住む。")
    #expect(Self.cut(["one two", "three"], #""two three""#) == nil)
    #expect(Self.cut(["one two", "three"], "two three") == "one **two** **three**")
    #expect(Self.cut(["one"], "two") == nil)
    #expect(Self.cut(["one two"], "one NOT two") == nil)
    #expect(Self.cut(["one"], "one OR two") == "**one**")
    #expect(Self.cut(["primes"], "prim*") == "**primes**")
  }

  @Test func mostOfWhatIsSearchedForIsShown() throws {
    let text = (0..<300).map { "w\($0)" }.joined(separator: " ")
    let shown = try #require(Self.cut([text], "w3 OR w200 OR w205"))
    #expect(shown.contains("**w200**") && shown.contains("**w205**") && !shown.contains("w3 "))
    #expect(shown.hasPrefix("…") && shown.hasSuffix("…"))
  }

  /// Whatever the text: bounded, and with marks in pairs.
  @Test func snippetsAreBounded() throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    var random = TestRandom(seed: seed)
    let pieces = [
      "a", "b", "c", " ", ". ", "\n", "京", "都", "😀", String(repeating: "x", count: 700),
      String(repeating: " ", count: 600),
    ]
    for _ in 0..<400 {
      let messages = (0...random.below(3)).map { _ in
        (0..<random.below(120)).map { _ in pieces[random.below(pieces.count)] }.joined()
      }
      for query in ["a b", "a OR 京", "京都", "\"a b\"", "x*", "😀 OR c"] {
        guard let shown = Self.cut(messages, query) else { continue }
        #expect(shown.utf8.count < 1600 && shown.contains("**"), "seed \(seed): \(query): \(shown)")
        #expect(shown.components(of: "**") % 2 == 1, "seed \(seed): \(query): \(shown)")
      }
    }
  }
}

extension String {
  /// Parts between occurrences of `mark`.
  fileprivate func components(of mark: String) -> Int {
    var (count, rest) = (1, self[...])
    while let at = rest.firstRange(of: mark) {
      count += 1
      rest = rest[at.upperBound...]
    }
    return count
  }
}
