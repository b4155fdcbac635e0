import CohortCore
import Testing

@Suite struct LengthTests {
  static func measure(_ text: String, _ unit: LengthUnit) -> Int {
    Array(text.utf8).withUnsafeBytes { unit.measure($0) }
  }

  static let space: Set<Unicode.Scalar> = [" ", "\t", "\n", "\u{b}", "\u{c}", "\r"]

  static func words(_ text: String) -> Int {
    text.unicodeScalars.split { space.contains($0) }.count
  }

  @Test(
    arguments: [
      ("", 0, 0, 0), ("a", 1, 1, 1), (" ", 1, 1, 0), ("two words", 9, 9, 2),
      ("  two\t\r\n words \u{b}\u{c}", 17, 17, 2),
      ("é", 1, 2, 1), ("e\u{301}", 2, 3, 1), ("漢字 かな", 5, 13, 2), ("👩‍👩‍👧", 5, 18, 1), ("a\u{0}b", 3, 3, 1),
      // Space of Unicode that is not ASCII divides no words.
      ("a\u{a0}b\u{2003}c", 5, 8, 1),
    ] as [(String, Int, Int, Int)])
  func knownLengths(text: String, characters: Int, bytes: Int, words: Int) {
    #expect(Self.measure(text, .characters) == characters)
    #expect(Self.measure(text, .bytes) == bytes)
    #expect(Self.measure(text, .words) == words)
    #expect(Self.measure(text, .field) == 0)
  }

  @Test func agreesWithAPlainCount() {
    let alphabet: [Unicode.Scalar] = ["a", "z", " ", "\n", "\t", "\u{7f}", "é", "ß", "\u{7ff}", "漢", "\u{ffff}", "😀"]
    for seed in 0..<300 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...400, using: &random) {
        text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
      }
      #expect(Self.measure(String(text), .characters) == text.count, "seed \(seed)")
      #expect(Self.measure(String(text), .bytes) == String(text).utf8.count, "seed \(seed)")
      #expect(Self.measure(String(text), .words) == Self.words(String(text)), "seed \(seed)")
    }
  }

  /// Nothing but continuations, at every length around the blocks that are counted at once: no sum overflows.
  @Test func fullBlocksOfContinuations() {
    for count in [7, 8, 9, 2_039, 2_040, 2_041, 4_080, 10_000] {
      let bytes = [UInt8](repeating: 0xbf, count: count)
      #expect(bytes.withUnsafeBytes { LengthUnit.characters.measure($0) } == 0, "\(count)")
      let scalars = String(repeating: "😀", count: count)
      #expect(Self.measure(scalars, .characters) == count)
    }
  }

  @Test func namesAreReadBack() {
    for unit in LengthUnit.allCases { #expect(LengthUnit(name: unit.name) == unit) }
    #expect(LengthUnit.allCases.map(\.rawValue) == [0, 1, 2, 3, 4])
    #expect(LengthUnit(name: "Characters") == nil && LengthUnit(name: "") == nil)
  }
}
