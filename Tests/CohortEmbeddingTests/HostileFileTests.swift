import CohortCore
import CohortEmbedding
import Foundation
import Testing

/// Files of a model that are damaged at random: they are refused with an `CohortError`, or they work; nothing traps.
@Suite struct HostileFileTests {
  private static let texts = ["Hello wörld, 12 <mask>\n  caf\u{e9}\u{301}", "漢字 \u{0}\u{1f468}\u{200d}", "", "aaa"]

  /// Damages some bytes: flips, cuts, repeats, and what JSON is made of.
  private static func mutate(_ bytes: [UInt8], _ generator: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    let pieces = [
      "null", "[]", "{}", "-1", "1e999", "99999999999", "\"\"", "true", "\\u0000", "\"a\"", "(", "[", "?+*",
    ]
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      guard !bytes.isEmpty else { break }
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &generator)))
      case 2: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 9)], at: place)
      case 3: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 4:
        let other = Int.random(in: 0..<bytes.count, using: &generator)
        bytes.swapAt(place, other)
      default:
        // A value becomes another one.
        let end = bytes[place...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") } ?? bytes.count
        let start = bytes[..<end].lastIndex(of: UInt8(ascii: ":")) ?? place
        if start < end {
          bytes.replaceSubrange((start + 1)..<end, with: Array((pieces.randomElement(using: &generator) ?? "").utf8))
        }
      }
    }
    return bytes
  }

  @Test(arguments: TokenizerAgreementTests.names)
  func damagedTokenizersNeverTrap(name: String) throws {
    let seed: UInt64 = 41
    var generator = SplitMix64(seed: seed)
    let folder = try ModelFolder()
    let whole = Array(try Data(contentsOf: TokenizerAgreementTests.folder.appendingPathComponent("\(name).json")))
    // The vocabulary is most of the file and the least of it that can go wrong: damage begins and ends more often.
    var refused = 0
    for round in 0..<120 {
      var mutated = whole
      if round % 2 == 0 {
        let head = min(mutated.count, 1500)
        mutated = Self.mutate(Array(whole[..<head]), &generator) + whole[head...]
      } else {
        mutated = Self.mutate(whole, &generator)
      }
      try folder.write(mutated, to: "tokenizer.json")
      do {
        let tokenizer = try Tokenizer(contentsOf: folder.path + "/tokenizer.json")
        for text in Self.texts { #expect(tokenizer.encode(text).allSatisfy { $0 <= tokenizer.largestID }) }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 10, "seed \(seed)")
  }

  @Test func damagedTensorsNeverTrap() throws {
    let seed: UInt64 = 43
    var generator = SplitMix64(seed: seed)
    let folder = try ModelFolder()
    try folder.writeTokenizer()
    try folder.writeConfiguration()
    let size = ModelFolder.words.count
    let whole = ModelFolder.safetensors([
      ("embeddings", "F16", [size, 3], [UInt8](repeating: 0x21, count: size * 6)),
      ("weights", "F32", [size], ModelFolder.bytes([Float](repeating: 0.5, count: size))),
      ("mapping", "I32", [size], ModelFolder.bytes([Int32](repeating: 1, count: size))),
    ])
    for _ in 0..<2000 {
      var mutated = Self.mutate(whole, &generator)
      if Bool.random(using: &generator), mutated.count > 8 {
        // Most lengths are wrong after that: make it right again, so that what lies behind is reached.
        let header = UInt64(max(0, whole.count - 8 - size * 14 + mutated.count - whole.count))
        mutated.replaceSubrange(0..<8, with: ModelFolder.bytes([header]))
      }
      try folder.write(mutated, to: "model.safetensors")
      do {
        _ = try StaticEncoder(folder: folder.path).encode(["the cat sat on the mat"])
      } catch {
        #expect(error is CohortError)
      }
    }
  }

  @Test func randomBytesAreATextForEveryTokenizer() throws {
    var generator = SplitMix64(seed: 47)
    for name in TokenizerAgreementTests.names {
      let tokenizer = try TokenizerAgreementTests.tokenizer(name)
      for _ in 0..<200 {
        let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
          Bool.random(using: &generator)
            ? UInt8.random(in: 0...255, using: &generator)
            : [0xe2, 0x80, 0xf0, 0xc3, 0x20].randomElement(using: &generator) ?? 0
        }
        let ids = bytes.withUnsafeBufferPointer { tokenizer.encode($0) }
        #expect(ids.allSatisfy { $0 <= tokenizer.largestID })
      }
    }
  }

  @Test func whatIsNotKnownIsNamed() throws {
    let folder = try ModelFolder()
    let cases = [
      (#"{"model":{"type":"WordLevel","vocab":{}}}"#, "WordLevel"),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"UnicodeScripts"}}"#,
        "UnicodeScripts"
      ),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}"#, "dropout"),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"Replace","content":"","pattern":{"Regex":"(?<=a)b"}}}"#,
        "(?<=a)b"
      ),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}"#, "merge"),
    ]
    for (file, part) in cases {
      try folder.write(file.utf8, to: "tokenizer.json")
      let error = #expect(throws: CohortError.self) { try Tokenizer(contentsOf: folder.path + "/tokenizer.json") }
      #expect(error?.description.contains(part) == true, "\(error.map(String.init(describing:)) ?? "")")
    }
  }

  @Test func aPatternThatBacktracksWithoutEndIsGivenUp() throws {
    let folder = try ModelFolder()
    let file =
      #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Split","behavior":"Isolated","#
      + #""pattern":{"Regex":"(?:a|a)+b"}}}"#
    try folder.write(file.utf8, to: "tokenizer.json")
    let tokenizer = try Tokenizer(contentsOf: folder.path + "/tokenizer.json")
    #expect(tokenizer.count(String(repeating: "a", count: 25)) == 25)
  }
}
