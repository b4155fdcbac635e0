import CohortCore
import CohortStore
import CohortTesting
import Testing

/// Spaces that a store fills itself: their recipe, refused samples, and the bytes of both.
@Suite struct EmbeddingSpaceTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), mapSize: 64 << 20, clock: { FormatStore.time })
    var builder = SampleBatchBuilder()
    for number in 0..<6 { builder.add(prompt: "p\(number)", response: "r") }
    _ = try store.write { try $0.ingest(builder.prepared, source: "a", origin: "") }
  }

  private func space(_ recipe: EmbeddingRecipe) throws -> EmbeddingSpace {
    try store.write {
      try $0.createSpace(
        name: "s", provider: "builtin", fingerprint: "f", dimension: 1, element: .float32, recipe: recipe)
    }
  }

  private func embed(
    _ ids: [UInt64], without: [UInt64] = [], refused: [UInt64: String] = [:], in space: EmbeddingSpace
  ) throws -> Int {
    let rows = [Float](repeating: 1, count: ids.count)
    return try store.write { transaction in
      try rows.withUnsafeBytes {
        try transaction.embed(
          ids.map { SampleID($0) }, rows: $0, without: without.map { SampleID($0) },
          refused: refused.map { RefusedSample(id: SampleID($0.key), reason: $0.value) }, in: space
        ).stored
      }
    }
  }

  @Test func aRecipeComesBack() throws {
    let recipe = EmbeddingRecipe(
      text: .both, settings: [EmbeddingRecipe.Setting(name: "model", value: "m")], probe: [1, 2, 3])
    _ = try space(recipe)
    let read = try Store.open(at: store.path).read { try #require(try $0.space(named: "s")) }
    #expect(read.recipe == recipe && read.recipe["model"] == "m" && read.recipe["url"] == nil)
    try store.read { transaction in
      guard let event = try #require(try transaction.entry(LogSequence(3))).event as? LogEvent.SpaceCreated else {
        Issue.record("no space was created")
        return
      }
      #expect(event.recipe == recipe)
    }
  }

  /// The values end with the bytes that `Schemas/store.md` tells of, and programs that do not know them are refused.
  @Test func theBytesAreThoseOfTheDocument() throws {
    let space = try space(EmbeddingRecipe(text: .response, settings: [.init(name: "model", value: "m")], probe: [9]))
    _ = try embed([0], without: [1], refused: [4: "no"], in: space)
    let raw = try RawTables(at: store.path)
    let recipe: [UInt8] = [1, 1, 5] + Array("model".utf8) + [1] + Array("m".utf8) + [1, 9]
    let created = try #require(try raw.values("log").first { $0.key == RawTables.key(3) }?.value)
    #expect(Array(created.suffix(recipe.count)) == recipe)
    let record = try #require(try raw.values("names").first { $0.key == [0x83, 0, 0, 0, 0] }?.value)
    #expect(Array(record.suffix(recipe.count)) == recipe)
    let entry = try #require(try raw.values("log").first { $0.key == RawTables.key(4) }?.value)
    let embedded: [UInt8] = [0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 4, 2] + Array("no".utf8)
    #expect(Array(entry.suffix(embedded.count)) == embedded)
    let format = try #require(try raw.values("meta").first { $0.key == Array("format".utf8) }?.value)
    #expect(format[12] & 0b1000 != 0)
  }

  @Test func anExtendedConfigurationComesBack() throws {
    let digest = Digest128(high: 1, low: 2)
    for configuration in [
      StoreConfiguration(makesVectors: false), StoreConfiguration(lengthUnit: .tokens, tokenizer: digest),
      StoreConfiguration(lengthUnit: .field, lengthField: "n", dedupe: .none),
    ] {
      let path = folder.file("c\(configuration.hashValue)")
      let id = try Store.create(at: path, configuration: configuration, mapSize: 64 << 20).id
      let opened = try Store.open(at: path)
      #expect(opened.id == id && opened.configuration == configuration)
      try opened.read { transaction in
        let first = try #require(try transaction.entry(LogSequence(1)))
        let event = try #require(first.event as? LogEvent.StoreCreated)
        #expect(event.id == id && event.configuration == configuration)
      }
    }
  }

  @Test func refusedSamplesAreToldOfUntilTheyGetAVector() throws {
    let space = try space(EmbeddingRecipe(text: .both))
    #expect(try embed([0], without: [1], refused: [2: "long", 3: "odd"], in: space) == 1)
    let counts = try store.read { try $0.vectorCounts(in: try #require(try $0.space(named: "s"))) }
    #expect(counts.present == 1 && counts.none == 1 && counts.refused == 2 && counts.pending == 2)
    _ = try store.write { try $0.delete([SampleID(5)], reason: "gone") }
    try store.read { transaction in
      let now = try #require(try transaction.space(named: "s"))
      #expect(try transaction.samplesToEmbed(in: now, from: 0, limit: 10) == [SampleID(4)])
      #expect(
        try transaction.samplesToEmbed(in: now, from: 0, includingRefused: true, limit: 2) == [
          SampleID(2), SampleID(3),
        ]
      )
      #expect(try transaction.refusedSamples(in: now).map(\.reason) == ["long", "odd"])
    }
    // A vector settles it; whatever has one, or none for good, stays as it is.
    #expect(try embed([0, 1, 2], refused: [3: "odd again"], in: space) == 1)
    try store.read { transaction in
      let now = try #require(try transaction.space(named: "s"))
      #expect(try transaction.refusedSamples(in: now) == [RefusedSample(id: SampleID(3), reason: "odd again")])
    }
    #expect(try store.verify().isSound)
  }
}
