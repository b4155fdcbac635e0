import CohortEmbedding
import Foundation
import Testing

/// Pieces are those that Oniguruma finds, through tokenizers 0.23.3; `Tools/tokenizers/run fixtures` wrote them.
@Suite struct PatternTests {
  private struct Golden: Decodable {
    struct Case: Decodable {
      var pattern: String
      var text: String
      var pieces: [String]
    }

    var patterns: [Case]
  }

  @Test func textsAreSplitAsOnigurumaDoes() throws {
    let file = TokenizerAgreementTests.folder.appendingPathComponent("golden.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    #expect(golden.patterns.count > 100)
    for example in golden.patterns {
      let pattern = try Pattern(example.pattern)
      #expect(
        Self.pieces(of: example.text, at: pattern).map { Array($0) } == example.pieces.map { Array($0.utf8) },
        "\(example.pattern) in \(example.text.debugDescription)")
    }
  }

  @Test(arguments: [
    "(", "{2}", "a)", "[a", "*a", "a**??++*?*?*?*?*?*?*?*", "(?<=a)b", "(?<name>a)", "\\p{Greek}", "\\b", "a*",
    "(a*)*b", "\\",
    "[[:alpha:]]", "[a&&b]", "x{2000}", "(?i:é)", String(repeating: "(", count: 100) + "a",
    "((((a{900}){900}){900}){900})", "a(?:){1000}{1000}{1000}{1000}{1000}",
  ])
  func whatIsNotKnownIsAFault(pattern: String) {
    #expect(throws: PatternFault.self) { try Pattern(pattern) }
  }

  private static func pieces(of text: String, at pattern: Pattern) -> [[UInt8]] {
    var text = text
    return text.withUTF8 { utf8 in
      var pieces: [[UInt8]] = []
      var done = 0
      pattern.forEachMatch(in: utf8) { match in
        if done < match.lowerBound { pieces.append(Array(utf8[done..<match.lowerBound])) }
        pieces.append(Array(utf8[match]))
        done = match.upperBound
      }
      if done < utf8.count { pieces.append(Array(utf8[done...])) }
      return pieces
    }
  }
}
