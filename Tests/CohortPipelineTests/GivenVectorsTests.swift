import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Vectors given beside the records stay with their records, whatever becomes of the neighbours.
@Suite struct GivenVectorsTests {
  /// Five records: the third is broken, the fourth repeats the first, the fifth has no usable vector.
  static func files(in folder: TemporaryFolder) throws -> (records: String, vectors: String) {
    let lines = [
      #"{"prompt":"a","completion":"1"}"#, #"{"prompt":"b","completion":"2"}"#, #"{"prompt":"c","#,
      #"{"prompt":"a","completion":"1"}"#, #"{"prompt":"e","completion":"5"}"#,
    ]
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder.file("r.jsonl")))
    let vectors: [[Float]] = [[3, 4], [0, 2], [1, 1], [1, 0], [.nan, 1]]
    try folder.write("v.npy", NPYFile.floats(vectors))
    return (folder.file("r.jsonl"), folder.file("v.npy"))
  }

  @Test func rowsFollowTheirRecords() throws {
    let folder = try TemporaryFolder()
    let (records, vectors) = try Self.files(in: folder)
    let store = try Store.create(at: folder.file("store"))
    let report = try IngestJob.run(
      store, IngestRequest(paths: [records], options: .init(), embeddings: vectors, space: "v"))
    #expect(report.records == 5 && report.inserted == 3 && report.duplicates == 1 && report.quarantined == 1)
    #expect(report.embedded == 2 && report.withoutVector == 1)
    try store.read { transaction in
      let space = try #require(try transaction.space(named: "v"))
      let states = try (0..<3).map { try transaction.vectorState(SampleID($0), in: space) }
      #expect(states == [.present, .present, .none])
      try transaction.withChunk(space.vectors, of: 0) { chunk in
        let chunk = try #require(chunk)
        let halves = (0..<4).map { chunk.data.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self) }
        // 0.6, 0.8, 0, 1 as half floats: row 1 is normalised, and the duplicate's vector changed nothing.
        #expect(halves == [0x38cd, 0x3a66, 0x0000, 0x3c00])
      }
    }
  }

  @Test func lengthsOfAnySizeAreNormalised() throws {
    let folder = try TemporaryFolder()
    let tiny = Float.leastNormalMagnitude
    let lengths = [.leastNonzeroMagnitude, tiny / 1_000_000, tiny / 5, tiny, 1e-30, 1, 1e30, 2e38]
    let lines = lengths.indices.map { #"{"prompt":"p\#($0)","completion":"c"}"# }
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder.file("r.jsonl")))
    try folder.write("v.npy", NPYFile.floats(lengths.map { [$0, -$0] }))
    let store = try Store.create(at: folder.file("store"))
    let report = try IngestJob.run(
      store,
      IngestRequest(paths: [folder.file("r.jsonl")], options: .init(), embeddings: folder.file("v.npy"), space: "v"))
    #expect(report.embedded == lengths.count)
    try store.read { transaction in
      let space = try #require(try transaction.space(named: "v"))
      try transaction.withChunk(space.vectors, of: 0) { chunk in
        let chunk = try #require(chunk)
        let halves = (0..<(2 * lengths.count)).map { chunk.data.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self) }
        // The root of one half, and its negative.
        #expect(halves == lengths.flatMap { _ in [0x39a8, 0xb9a8] })
      }
    }
  }

  @Test func vectorsThatDoNotFitAreRefusedBeforeAnythingIsStored() throws {
    let folder = try TemporaryFolder()
    let (records, vectors) = try Self.files(in: folder)
    try Data(NPYFile.floats([[1, 0], [0, 1]])).write(to: URL(fileURLWithPath: vectors))
    let store = try Store.create(at: folder.file("store"))
    let error = #expect(throws: CohortError.self) {
      try IngestJob.run(store, IngestRequest(paths: [records], embeddings: vectors, space: "v"))
    }
    #expect(error?.code.name == "pipeline.rows" && error?.message.contains("2 rows") == true)
    let counters = try store.read { try $0.counters }
    #expect(counters.nextSample == 0 && counters.lastSequence == LogSequence(1))
  }

  @Test func anotherDimensionIsRefused() throws {
    let folder = try TemporaryFolder()
    let (records, vectors) = try Self.files(in: folder)
    let store = try Store.create(at: folder.file("store"))
    _ = try IngestJob.run(store, IngestRequest(paths: [records], embeddings: vectors, space: "v"))
    try Data(NPYFile.floats([[Float]](repeating: [1, 0, 0], count: 5))).write(to: URL(fileURLWithPath: vectors))
    let error = #expect(throws: CohortError.self) {
      try IngestJob.run(store, IngestRequest(paths: [records], embeddings: vectors, space: "v"))
    }
    #expect(error?.code.name == "pipeline.dimension")
  }
}
