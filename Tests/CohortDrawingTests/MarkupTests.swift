import CohortCore
import CohortTesting
import Foundation
import Testing

@testable import CohortDrawing

struct MarkupTests {
  private static let seed: UInt64 = 99

  private static func randomBytes(_ count: Int, _ random: inout TestRandom) -> [UInt8] {
    (0..<count).map { _ in UInt8(random.below(256)) }
  }

  @Test func base64IsThatOfFoundation() {
    var random = TestRandom(seed: Self.seed)
    for count in [0, 1, 2, 3, 4, 5, 100, 1_001] {
      let bytes = Self.randomBytes(count, &random)
      #expect(Base64.text(bytes) == Data(bytes).base64EncodedString(), "seed \(Self.seed), \(count)")
    }
  }

  @Test func sha256IsThatOfPython() throws {
    var random = TestRandom(seed: Self.seed)
    for count in [0, 3, 55, 56, 63, 64, 65, 119, 120, 1_000] {
      let bytes = Self.randomBytes(count, &random)
      let theirs = try Judge.python(
        "import hashlib, sys; sys.stdout.buffer.write(hashlib.sha256(open(sys.argv[1], 'rb').read()).digest())", bytes)
      #expect(SHA256.digest(bytes) == theirs, "seed \(Self.seed), \(count)")
    }
  }

  @Test func fixedBytesHoldTheLowOnesFirst() {
    #expect(FixedBytes.packed([0x010203, 0xfffefd] as [UInt32], width: 3) == [3, 2, 1, 0xfd, 0xfe, 0xff])
    #expect(
      FixedBytes.packed([UInt64.max, 1], width: 8) == [UInt8](repeating: 255, count: 8) + [1, 0, 0, 0, 0, 0, 0, 0])
    #expect(FixedBytes.packed([Int32](), width: 2).isEmpty)
  }

  @Test(arguments: DrawingSamples.hostile)
  func jsonOfAnyTextIsTheTextAndHoldsNoMarkup(text: String) throws {
    var bytes: [UInt8] = []
    MarkupText.appendJSON(text, to: &bytes)
    let read = try JSONDecoder().decode([String].self, from: Data([0x5b] + bytes + [0x5d]))
    #expect(read.first.map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
    #expect(
      !bytes.contains { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "&") || $0 < 0x20 })
  }

  @Test(arguments: DrawingSamples.hostile)
  func escapedTextHoldsNoMarkup(text: String) {
    let escaped = MarkupText.escaped(text)
    #expect(!escaped.contains { "<>\"'".contains($0) })
    #expect(escaped.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0xfffe && $0.value != 0xffff })
  }

  @Test func textsAreClippedBetweenCharacters() {
    #expect(MarkupText.clipped(String(repeating: "a", count: 160), to: 160).count == 160)
    #expect(MarkupText.clipped(String(repeating: "a", count: 161), to: 160) == String(repeating: "a", count: 160) + "…")
    let flags = String(repeating: "🇩🇪", count: 30)
    #expect(MarkupText.clipped(flags, to: 20) == String(repeating: "🇩🇪", count: 10) + "…")
    #expect(MarkupText.clipped(String(repeating: "é", count: 100), to: 160) == String(repeating: "é", count: 100))
    // One character with any number of marks.
    #expect(MarkupText.clipped("ab" + DrawingSamples.hostile[9], to: 160) == "ab…")
  }
}
