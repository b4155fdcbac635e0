import CohortCore
import CohortEmbedding
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Synchronization
import Testing

/// The embed job with encoders of every temper: each sample is embedded once, or set aside once.
@Suite struct EmbedJobTests {
  /// Vectors that are a function of the text, late and out of order; what a text asks for, happens.
  final class WilfulEncoder: TextEncoder {
    struct Gone: Error {}

    let identity = EncoderIdentity(provider: "builtin", model: "wilful", fingerprint: "w", dimension: 4)
    let batching: EncoderBatching
    /// Texts seen; how many calls may come until it is gone.
    let seen = Mutex<[String: Int]>([:])
    let callsLeft: Mutex<Int>

    init(texts: Int = 3, concurrency: Int = 3, calls: Int = .max) {
      batching = EncoderBatching(texts: texts, bytes: 60, concurrency: concurrency)
      callsLeft = Mutex(calls)
    }

    static func vector(_ text: String) -> [Float] {
      let hash = XXH3.hash64(Array(text.utf8))
      return (0..<4).map { Float(Int64(bitPattern: hash >> (UInt64($0) * 16)) & 0xffff) + 1 }
    }

    func encode(_ texts: [String]) throws -> [EncodedText] {
      try callsLeft.withLock {
        guard $0 > 0 else { throw Gone() }
        $0 -= 1
      }
      #expect(texts.count <= batching.texts)
      #expect(texts.count == 1 || texts.reduce(0) { $0 + $1.utf8.count } <= batching.bytes)
      seen.withLock { seen in for text in texts { seen[text, default: 0] += 1 } }
      Thread.sleep(forTimeInterval: Double(texts[0].utf8.count % 3) * 0.001)
      return texts.map { text in
        if text.hasPrefix("refuse") { return .refused("no: \(text)") }
        if text.hasPrefix("none") { return .none }
        if text.hasPrefix("nan") { return .vector([.nan, 0, 0, 0]) }
        if text.hasPrefix("short") { return .vector([1]) }
        return .vector(Self.vector(text))
      }
    }
  }

  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"))
  }

  private func ingest(_ prompts: [String]) throws {
    let lines = prompts.map { #"{"prompt":"\#($0)","completion":"to \#($0)"}"# }
    let path = folder.file("\(UUID().uuidString).jsonl")
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    let report = try IngestJob.run(store, IngestRequest(paths: [path]))
    #expect(report.inserted == prompts.count)
  }

  private func space(_ name: String = "s", text: EmbeddedText = .prompt) throws {
    _ = try store.write {
      try $0.createSpace(
        name: name, provider: "builtin", fingerprint: "w", dimension: 4, recipe: EmbeddingRecipe(text: text))
    }
  }

  /// The ids of the log's embed entries of a space, in order.
  private func logged(_ name: String = "s") throws -> (vectors: [UInt64], without: [UInt64], refused: [UInt64]) {
    var result: (vectors: [UInt64], without: [UInt64], refused: [UInt64]) = ([], [], [])
    try store.read { transaction in
      let id = try #require(try transaction.space(named: name)).id
      try transaction.forEachEntry { entry in
        if let event = entry.event as? LogEvent.Embed, event.space == id {
          result.vectors += event.ranges.flatMap { ($0.first.rawValue)..<($0.first.rawValue + $0.count) }
          result.without += event.without.flatMap { ($0.first.rawValue)..<($0.first.rawValue + $0.count) }
          result.refused += event.refused.map(\.id.rawValue)
        }
        return true
      }
    }
    return result
  }

  /// The answer of a response is embedded, whatever was thought before.
  @Test func reasoningIsNotEmbeddedWithAResponse() throws {
    let lines = ["<think>\\nhm\\n</think>\\n\\nfour", "<think>hm", "plain"].map {
      #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"\#($0)","reasoning":"r"}]}"#
    }
    let path = try folder.write("in.jsonl", lines.joined(separator: "\n"))
    #expect(try IngestJob.run(store, IngestRequest(paths: [path])).inserted == 3)
    for text in [EmbeddedText.response, .both] {
      try space(text.name, text: text)
      let encoder = WilfulEncoder()
      _ = try EmbedJob.run(store, space: text.name, encoder: encoder)
      let expected =
        text == .response
        ? ["four", "<think>hm", "plain"] : ["q\n<think>\nhm\n</think>\n\nfour", "q\n<think>hm", "q\nplain"]
      #expect(Set(encoder.seen.withLock { $0.keys }) == Set(expected))
    }
  }

  @Test func everySampleIsEmbeddedOnceInOrder() throws {
    let prompts = (0..<400).map { number in
      number % 17 == 3 ? "refuse \(number)" : number % 13 == 5 ? "none \(number)" : "text number \(number)"
    }
    try ingest(prompts)
    try space()
    let encoder = WilfulEncoder()
    let report = try EmbedJob.run(store, space: "s", encoder: encoder)
    #expect(report.embedded + report.without + report.refused == 400)
    let (vectors, without, refused) = try logged()
    #expect(vectors == vectors.sorted() && Set(vectors + without + refused).count == 400)
    #expect(vectors.count + without.count + refused.count == 400)
    #expect(encoder.seen.withLock { $0.values.allSatisfy { $0 == 1 } })
    try store.read { transaction in
      let space = try #require(try transaction.space(named: "s"))
      let told = try transaction.refusedSamples(in: space)
      #expect(told.map(\.id.rawValue) == refused && told.allSatisfy { $0.reason.hasPrefix("no: refuse") })
      #expect(try transaction.vectorCounts(in: space).pending == 0)
      for id in [0, 1, 399] {
        try transaction.withChunk(space.vectors, of: UInt64(id)) { chunk in
          let chunk = try #require(chunk)
          let row = (0..<4).map { i in
            Float(Float16(bitPattern: chunk.row(id).loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)))
          }
          let expected = WilfulEncoder.vector(prompts[id])
          let length = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
          for (a, b) in zip(row, expected) { #expect(abs(a - b / length) < 1e-3, "sample \(id)") }
        }
      }
    }
    #expect(try store.verify().isSound)
    // Nothing is left to do, and refused texts are not asked for again.
    let calm = WilfulEncoder()
    let idle = try EmbedJob.run(store, space: "s", encoder: calm)
    #expect(idle.embedded + idle.without + idle.refused == 0)
    #expect(calm.seen.withLock { $0.isEmpty })
  }

  @Test func onlyNewSamplesAreEmbeddedAndRefusedOnesOnDemand() throws {
    try space()
    try ingest(["a", "refuse b", "   ", "c"])
    _ = try EmbedJob.run(store, space: "s", encoder: WilfulEncoder())
    try ingest(["d", "e"])
    let encoder = WilfulEncoder()
    let report = try EmbedJob.run(store, space: "s", encoder: encoder, retryingRefused: true)
    #expect(report.embedded == 2 && report.refused == 1)
    #expect(Set(encoder.seen.withLock { $0.keys }) == ["refuse b", "d", "e"])
    let (vectors, without, refused) = try logged()
    #expect(vectors == [0, 3, 4, 5] && without == [2] && refused == [1, 1])
    #expect(try store.verify().isSound)
  }

  @Test func spacesKeepTheirTextsApart() throws {
    try ingest(["a", "b"])
    for text in EmbeddedText.allCases {
      try space(text.name, text: text)
      let encoder = WilfulEncoder()
      _ = try EmbedJob.run(store, space: text.name, encoder: encoder)
      let expected: Set<String> =
        switch text {
        case .prompt: ["a", "b"]
        case .response: ["to a", "to b"]
        case .both: ["a\nto a", "b\nto b"]
        }
      #expect(Set(encoder.seen.withLock { $0.keys }) == expected)
    }
    let spaces = try store.read { try $0.spaces() }
    #expect(spaces.map(\.recipe.text) == EmbeddedText.allCases)
  }

  /// Whenever the encoder goes away, what was done in order is kept, and the next run goes on behind it.
  @Test func anEncoderThatGoesAwayCostsNothing() throws {
    try ingest((0..<300).map { "text number \($0)" })
    try space()
    var rounds = 0
    var before: UInt64 = 0
    while true {
      rounds += 1
      do {
        _ = try EmbedJob.run(store, space: "s", encoder: WilfulEncoder(calls: 20))
        break
      } catch is WilfulEncoder.Gone {}
      let counts = try store.read { try $0.vectorCounts(in: try #require(try $0.space(named: "s"))) }
      #expect(counts.present > before)
      before = counts.present
    }
    #expect(rounds > 3)
    #expect(try logged().vectors == Array(0..<300))
  }

  @Test func anInterruptedJobKeepsWhatItHas() throws {
    try ingest((0..<600).map { "text number \($0)" })
    try space()
    let asked = Mutex(0)
    let control = JobControl(shouldStop: {
      asked.withLock {
        $0 += 1
        return $0 > 40
      }
    })
    #expect { try EmbedJob.run(store, space: "s", encoder: WilfulEncoder(), control: control) } throws: {
      ($0 as? CohortError)?.code.name == "pipeline.interrupted"
    }
    let some = try logged().vectors
    #expect(!some.isEmpty && some.count < 600)
    _ = try EmbedJob.run(store, space: "s", encoder: WilfulEncoder())
    #expect(try logged().vectors == Array(0..<600))
  }

  @Test(arguments: ["nan", "short"]) func anEncoderThatBreaksItsWordIsAnError(fault: String) throws {
    try ingest((0..<20).map { "text number \($0)" } + ["\(fault) 1"])
    try space()
    #expect { try EmbedJob.run(store, space: "s", encoder: WilfulEncoder()) } throws: {
      ($0 as? CohortError)?.code.name == "pipeline.encoder"
    }
    #expect(try store.verify().isSound)
  }

  @Test func anotherModelIsRefused() throws {
    try ingest(["a"])
    _ = try store.write { try $0.createSpace(name: "s", provider: "builtin", fingerprint: "x", dimension: 4) }
    #expect { try EmbedJob.run(store, space: "s", encoder: WilfulEncoder()) } throws: {
      ($0 as? CohortError)?.code.name == "pipeline.other-model"
    }
  }

  /// What a store is embedded with survives the model's folder being somewhere else; without it the error says so.
  @Test func theBundledModelLivesInTheStore() throws {
    try ingest(["A cat sat on the mat.", "Kittens rest on rugs.", "The stock market fell by 3 %."])
    let space = try SpaceJob.chosen(store, named: nil)
    #expect(space.name == "default" && space.dimension == 256 && space.recipe["model"] == ModelLibrary.bundledName)
    #expect(try Pending.embed(store).map(\.embedded) == [3])
    let model = try #require(try ModelLibrary(store).models().first)
    #expect(model.fingerprint == space.fingerprint && model.bytes < 8_000_000)
    #expect(try ModelLibrary(store).addBundled() == model)
    let copy = folder.file("copy")
    try store.backup(to: copy)
    try ModelLibrary(store).copy(toStore: copy)
    #expect(try ModelLibrary(try Store.open(at: copy)).models().map(\.fingerprint) == [model.fingerprint])

    try ingest(["More."])
    try FileManager.default.removeItem(atPath: model.path)
    #expect { try Pending.embed(store) } throws: {
      ($0 as? CohortError)?.code.name == "pipeline.no-model"
    }
    _ = try ModelLibrary(store).addBundled()
    #expect(try Pending.embed(store).map(\.embedded) == [1])
  }

  @Test func givenVectorsDoNotMixWithMadeOnes() throws {
    _ = try SpaceJob.create(store)
    let (records, vectors) = try GivenVectorsTests.files(in: folder)
    #expect { try IngestJob.run(store, IngestRequest(paths: [records], embeddings: vectors)) } throws: {
      ($0 as? CohortError)?.code.name == "pipeline.other-model"
    }
    _ = try IngestJob.run(store, IngestRequest(paths: [records], embeddings: vectors, space: "mine"))
    #expect { try SpaceJob.chosen(store, named: nil) } throws: {
      ($0 as? CohortError)?.code.name == "pipeline.several-spaces"
    }
    try SpaceJob.drop(store, space: "default")
    #expect(try SpaceJob.chosen(store, named: nil).name == "mine")
    _ = try SpaceJob.create(store)
    // What is given is not made.
    #expect(try Pending.embed(store).map(\.space) == ["default"])
  }
}
