import CohortEmbedding
import CohortTesting
import Foundation
import Testing

/// Ids are those that Hugging Face's tokenizers 0.23.3 gives; `Tools/tokenizers/run fixtures` wrote them.
/// `Tools/tokenizers/run compare` compares on far more texts.
@Suite struct TokenizerAgreementTests {
  struct Golden: Decodable {
    var texts: [String]
    var ids: [String: [[UInt32]]]
    var everyScalar: [String: String]
  }

  static let folder = Checkout.fixtures(of: "CohortEmbeddingTests")

  static func golden() throws -> Golden {
    try JSONDecoder().decode(Golden.self, from: Data(contentsOf: folder.appendingPathComponent("golden.json")))
  }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer(contentsOf: folder.appendingPathComponent("\(name).json").path)
  }

  static let names = [
    "bpe-cased", "bpe-clip", "bpe-gpt2-prefix", "bpe-llama2", "bpe-llama3", "bpe-prefixed", "unigram-first",
    "unigram-nmt", "unigram-sentencepiece", "unigram-whole", "wordpiece-cased", "wordpiece-plain",
  ]

  @Test(arguments: names)
  func idsAreTheLibrarys(name: String) throws {
    let golden = try Self.golden()
    let tokenizer = try Self.tokenizer(name)
    let expected = try #require(golden.ids[name])
    for (text, ids) in zip(golden.texts, expected) {
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      #expect(tokenizer.count(text) == ids.count)
    }
    // Again, from the memory of words, and in another order.
    for (text, ids) in zip(golden.texts, expected).reversed() { #expect(tokenizer.encode(text) == ids) }
  }

  @Test(arguments: ["bpe-cased", "unigram-nmt", "wordpiece-cased", "wordpiece-plain"])
  func everyScalarHasTheLibrarysIDs(name: String) throws {
    let golden = try Self.golden()
    let tokenizer = try Self.tokenizer(name)
    var checksum: UInt64 = 0
    for start in stride(from: 0, to: 0x110000 as UInt32, by: 64) {
      let scalars = (start..<(start + 64)).compactMap(Unicode.Scalar.init)
      if scalars.isEmpty { continue }
      var between = ""
      var within = ""
      for (index, scalar) in scalars.enumerated() {
        if index > 0 { between.unicodeScalars.append(" ") }
        between.unicodeScalars.append(scalar)
        within.unicodeScalars.append(contentsOf: ["a", scalar, "B"])
      }
      for text in [between, within] {
        for id in tokenizer.encode(text) { checksum = checksum &* 31 &+ UInt64(id) &+ 1 }
        checksum = checksum &* 31
      }
    }
    #expect(String(checksum) == golden.everyScalar[name])
  }

  @Test func severalThreadsGetTheSameIDs() async throws {
    let golden = try Self.golden()
    let tokenizer = try Self.tokenizer("bpe-llama3")
    let expected = try #require(golden.ids["bpe-llama3"])
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 { group.addTask { golden.texts.map { tokenizer.encode($0) } == expected } }
      for await isEqual in group { #expect(isEqual) }
    }
  }
}
