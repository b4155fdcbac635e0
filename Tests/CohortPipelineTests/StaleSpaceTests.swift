import CohortCore
import CohortLMDB
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Followers that live long, while their space goes on to grow.
@Suite struct StaleSpaceTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"), mapSize: 256 << 20)
  }

  /// Ingests samples and gives each its vector.
  private func add(_ count: Int, from first: Int) throws -> EmbeddingSpace {
    let lines = (first..<(first + count)).map { #"{"prompt":"p\#($0)","completion":"r"}"# }
    let path = folder.file("\(first).jsonl")
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    let vectors = (first..<(first + count)).map { [1, Float($0 % 7), Float($0 % 3)] }
    try folder.write("\(first).npy", NPYFile.floats(vectors))
    let report = try IngestJob.run(
      store, IngestRequest(paths: [path], embeddings: folder.file("\(first).npy"), space: "v"))
    #expect(report.embedded == UInt64(count))
    return try store.read { try #require(try $0.space(named: "v")) }
  }

  /// Takes a chunk of a column away, as damage does.
  private func remove(_ chunk: UInt64, of column: UInt32) throws {
    let environment = try EnvironmentRegistry.environment(
      at: store.path, tables: [TableDefinition("columns", key: .integer), TableDefinition("meta", key: .bytes)],
      options: CohortLMDB.Environment.Options())
    let (columns, meta) = (try environment.table("columns"), try environment.table("meta"))
    let counters = [UInt8]("counters".utf8)
    let writer = WriterThread()
    defer { writer.stop() }
    try writer.perform {
      try environment.write { transaction in
        _ = try transaction.delete(columns, UInt64(column) << 32 | chunk)
        // The counters name the last transaction, 78 bytes behind their checksum (Schemas/store.md).
        var bytes = [UInt8](try #require(try transaction.get(meta, counters)).dropFirst(8))
        withUnsafeBytes(of: transaction.number.littleEndian) { bytes.replaceSubrange(78..<86, with: $0) }
        let salt = Mixing.finalize(
          XXH3.hash64(counters) ^ Mixing.finalize(UInt64(1) &+ 0x9e37_79b9_7f4a_7c15))
        var sealed = ByteWriter()
        sealed.fixed(XXH3.hash64(bytes) ^ salt)
        sealed.raw(bytes)
        try sealed.bytes.withUnsafeBytes { try transaction.put(meta, counters, $0) }
      }
    }
  }

  /// A chunk that came after the follower, and is gone: damage, and not samples without vectors.
  @Test(arguments: [false, true]) func whatCameLaterIsMissedToo(ofStates: Bool) throws {
    _ = try add(100, from: 0)
    let definition = GroupingDefinition(criterion: .embedding(space: "v"), granularity: .groups(4))
    _ = try store.write { try $0.createGrouping(name: "g", definition: definition) }
    let follower = try UpdateJob.follower(of: "g", in: store)
    #expect(try follower.update(JobControl()).pending == 0)
    let space = try add(9000, from: 100)
    let column = ofStates ? space.states : space.vectors
    #expect(9099 / column.rowsPerChunk > 0)
    try remove(UInt64(9099 / column.rowsPerChunk), of: column.number)
    for _ in 0..<2 {
      let error = #expect(throws: CohortError.self) { try follower.update(JobControl()) }
      #expect(error?.code.name == "store.corrupted", "\(String(describing: error))")
    }
    let error = #expect(throws: CohortError.self) { try Pending.group(store) }
    #expect(error?.code.name == "store.corrupted", "\(String(describing: error))")
  }
}
