import CohortCore
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Embedding spaces that are dropped, or made the default: what is left of them, after every commit and for every reader.
@Suite struct SpaceChangeTests {
  private let folder: TemporaryFolder
  private let store: Store
  private static let samples = 300

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), mapSize: 256 << 20, clock: { FormatStore.time })
    var builder = SampleBatchBuilder()
    for number in 0..<Self.samples { builder.add(prompt: "p\(number)", response: "r") }
    _ = try store.write { try $0.ingest(builder.prepared, source: "a", origin: "") }
  }

  /// A space with 16 rows a chunk, so that there are many.
  @discardableResult private func space(_ name: String) throws -> EmbeddingSpace {
    let space = try store.write {
      try $0.createSpace(name: name, provider: "npy", fingerprint: "f", dimension: 2048, element: .float32)
    }
    for ids in [0..<130, 130..<260] {
      let rows = [Float](repeating: 1, count: ids.count * 2048)
      _ = try store.write { transaction in
        try rows.withUnsafeBytes {
          try transaction.embed(ids.map { SampleID(UInt64($0)) }, rows: $0, without: [SampleID(270)], in: space)
        }
      }
    }
    return try store.read { try #require(try $0.space(named: name)) }
  }

  private func columns() throws -> Set<UInt32> {
    Set(try RawTables(at: store.path).values("columns").map { UInt32(RawTables.integer($0.key) >> 32) })
  }

  @Test func aDroppedSpaceIsGoneAndItsIdIsNotGivenAgain() throws {
    let first = try space("first")
    try space("second")
    #expect(try columns().contains(first.vectors.number))
    try store.write { try $0.dropSpace(named: "first") }
    // Between the drop and each part of what follows, the store is sound.
    #expect(try store.verify().isSound && store.read { try $0.hasDroppedColumns() })
    #expect(try store.read { try $0.spaces().map(\.name) } == ["second"])
    #expect(try store.read { try $0.space(first.id) } == nil)
    var parts = 0
    while try store.write({ try $0.freeDroppedColumns(limit: 5) }) == 5 {
      parts += 1
      let again = try Store.open(at: store.path)
      #expect(try again.verify().isSound, "part \(parts)")
    }
    #expect(parts == 3)
    #expect(try !store.read { try $0.hasDroppedColumns() })
    #expect(try columns().isDisjoint(with: [first.vectors.number, first.states.number]))
    #expect(try store.write { try $0.freeDroppedColumns(limit: 5) } == 0)

    let third = try space("first")
    #expect(third.id.rawValue == 2 && third.vectors.number > first.states.number)
    #expect(try store.verify().isSound)
    try store.backup(to: folder.file("copy"))
    let copy = try Store.open(at: folder.file("copy"), access: .owner(name: "test"))
    #expect(try copy.verify().isSound)
    try copy.write { try $0.dropSpace(named: "second") }
    #expect(try copy.verify().isSound && copy.repair(dryRun: false).isEmpty)
  }

  @Test func whatIsNeededIsNotDropped() throws {
    try space("first")
    try space("second")
    let definition = GroupingDefinition(criterion: .embedding(space: "first"))
    for name in ["a", "b"] { _ = try store.write { try $0.createGrouping(name: name, definition: definition) } }
    #expect(try store.read { try $0.defaultSpace() } == nil)
    let inUse = #expect(throws: CohortError.self) { try store.write { try $0.dropSpace(named: "first") } }
    #expect(inUse?.code.name == "store.space-in-use" && inUse?.message.hasSuffix("a, b") == true)
    try store.write { try $0.makeDefault(space: "second") }
    #expect(try store.read { try $0.chosenSpace() }?.name == "second")
    #expect(try store.read { try $0.defaultSpace() }?.name == "second")
    let isDefault = #expect(throws: CohortError.self) { try store.write { try $0.dropSpace(named: "second") } }
    #expect(isDefault?.code.name == "store.default-space")
    let unknown = #expect(throws: CohortError.self) { try store.write { try $0.dropSpace(named: "third") } }
    #expect(unknown?.code.name == "store.unknown-embedding-space")
    let sequence = try store.read { try $0.counters.lastSequence }
    try store.write { try $0.makeDefault(space: "second") }
    #expect(try store.read { try $0.counters.lastSequence } == sequence)
    try store.write { transaction in
      for name in ["a", "b"] { try transaction.dropGrouping(named: name) }
    }
    try store.write { try $0.dropSpace(named: "first") }
    #expect(try store.verify().isSound)
  }

  /// The default is the space that was made it, else the only one; the name says nothing, and the only one can go.
  @Test func theDefaultIsTheChosenOrTheOnlySpace() throws {
    #expect(try store.read { try $0.defaultSpace() } == nil)
    try space("default")
    #expect(try store.read { try $0.defaultSpace() }?.name == "default")
    try space("mine")
    #expect(try store.read { try $0.defaultSpace() } == nil)
    try store.write { try $0.dropSpace(named: "default") }
    #expect(try store.read { try $0.defaultSpace() }?.name == "mine")
    try store.write { try $0.dropSpace(named: "mine") }
    #expect(try store.read { try $0.defaultSpace() } == nil)
    #expect(try store.verify().isSound)
  }

  /// A reader whose transaction is older than the drop sees every vector, whatever is removed meanwhile.
  @Test func readersInFlightSeeEverything() throws {
    let space = try space("first")
    try self.space("second")
    try store.read { transaction in
      let done = DispatchSemaphore(value: 0)
      let store = store
      Thread.detachNewThread {
        try? store.write { try $0.dropSpace(named: "first") }
        while (try? store.write { try $0.freeDroppedColumns(limit: 3) }) == 3 {}
        // What was freed is written over, if anything is.
        for number in 0..<20 {
          var builder = SampleBatchBuilder()
          for row in 0..<200 {
            builder.add(prompt: "new \(number) \(row)", response: String(repeating: "x", count: 900))
          }
          let batch = builder.prepared
          _ = try? store.write { try $0.ingest(batch, source: "b", origin: "") }
        }
        done.signal()
      }
      #expect(done.wait(timeout: .now() + 60) == .success)
      var rows = 0
      try transaction.forEachChunk(space.vectors) { chunk in
        for row in 0..<chunk.count {
          let bytes = chunk.row(row)
          rows += bytes.count == 8192 && bytes.loadUnaligned(as: Float.self) == 1 ? 1 : 0
        }
        return true
      }
      #expect(rows == 260)
      #expect(try transaction.spaces().count == 2)
    }
    #expect(try store.read { try $0.spaces().map(\.name) } == ["second"])
    #expect(try store.verify().isSound)
    let stale = #expect(throws: CohortError.self) {
      try store.write { try $0.embed([], rows: .init(start: nil, count: 0), in: space) }
    }
    #expect(stale?.code.name == "store.unknown-embedding-space")
  }

  /// The bytes that `Schemas/store.md` tells of, and programs that do not know them are refused.
  @Test func theBytesAreThoseOfTheDocument() throws {
    let first = try space("first")
    try space("second")
    let key = Array("spaces".utf8)
    #expect(try !RawTables(at: store.path).values("meta").contains { $0.key == key })
    try store.write { try $0.makeDefault(space: "second") }
    try store.write { try $0.dropSpace(named: "first") }
    let raw = try RawTables(at: store.path)
    let value = try #require(try raw.values("meta").first { $0.key == key }?.value)
    let column = UInt8(first.vectors.number)
    #expect(
      Array(value.dropFirst(8)) == [1, 1, 0, 0, 0, 1, 0, 0, 0, 2, column, 0, 0, 0, column + 1, 0, 0, 0])
    let log = try raw.values("log").suffix(2).map { Array($0.value.dropFirst(8)) }
    #expect(log[0].prefix(2) == [1, 20] && log[0].suffix(11) == [1, 0, 0, 0, 6] + Array("second".utf8))
    #expect(log[1].prefix(2) == [1, 19] && log[1].suffix(10) == [0, 0, 0, 0, 5] + Array("first".utf8))
    let format = try #require(try raw.values("meta").first { $0.key == Array("format".utf8) }?.value)
    #expect(format[12] & 0b100_0000 != 0)
  }

  /// A store is created with what its first transaction puts into it, or not at all.
  @Test func aStoreBeginsWithWhatItIsGiven() throws {
    struct Refusal: Error {}
    let path = folder.file("new")
    #expect(throws: Refusal.self) {
      _ = try Store.create(
        at: path, mapSize: 64 << 20,
        begin: { transaction in
          _ = try transaction.createSpace(name: "s", provider: "npy", fingerprint: "f", dimension: 2)
          throw Refusal()
        })
    }
    #expect(throws: CohortError.self) { try Store.open(at: path) }
    let store = try Store.create(
      at: path, mapSize: 64 << 20,
      begin: {
        _ = try $0.createSpace(
          name: "s", provider: "npy", fingerprint: "f", dimension: 2, recipe: EmbeddingRecipe(text: .both))
      })
    #expect(try store.read { try $0.spaces().map(\.name) } == ["s"])
    #expect(try store.verify().isSound && store.read { try $0.counters.lastSequence } == LogSequence(2))
  }
}
