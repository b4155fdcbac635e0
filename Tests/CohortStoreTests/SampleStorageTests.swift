import CohortCore
import CohortStore
import CohortTesting
import Foundation
import Testing

@Suite struct SampleStorageTests {
  /// Samples from before and after the training of a dictionary, in any order.
  @Test func aTrainedDictionaryKeepsRandomAccess() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    func text(_ number: Int) -> String {
      "Please answer the question about item \(number) in the catalogue of the public library, shelf \(number % 97)."
    }
    func batch(_ numbers: Range<Int>) throws -> PreparedBatch {
      var builder = SampleBatchBuilder()
      for number in numbers { builder.add(prompt: text(number), response: "Item \(number * 7) is on the shelf.") }
      return PreparedBatch(builder.batch, dictionary: try store.read { try $0.currentDictionary() })
    }
    func ingest(_ numbers: Range<Int>) throws {
      let prepared = try batch(numbers)
      #expect(try store.write { try $0.ingest(prepared, source: "s", origin: "") }.inserted == UInt64(numbers.count))
    }
    try ingest(0..<4000)
    #expect(try !store.trainDictionaryIfDue())
    try ingest(4000..<9000)
    let before = try store.sizes().fileBytes
    #expect(try store.trainDictionaryIfDue())
    #expect(try !store.trainDictionaryIfDue())
    try ingest(9000..<12_000)
    #expect(before > 0)
    // The same content is a duplicate, whatever it is compressed with.
    let again = try batch(0..<500)
    #expect(try store.write { try $0.ingest(again, source: "s", origin: "") }.duplicates == 500)
    var generator = SplitMix64(seed: 3)
    for reader in [store, try Store.open(at: folder.file("s"))] {
      for _ in 0..<600 {
        let number = Int(generator.next() % 12_000)
        let sample = try reader.read { try $0.sample(SampleID(UInt64(number))) }
        #expect(sample?.messages.first?.text == text(number))
      }
    }
    #expect(try store.verify().isSound)
  }

  @Test func aDeletedSampleLeavesNoBytes() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    var builder = SampleBatchBuilder()
    // Incompressible, so that it is stored plain; once within a page, and once on pages of its own.
    var generator = SplitMix64(seed: 9)
    func secret(_ words: Int) -> String { (0..<words).map { _ in String(generator.next(), radix: 36) }.joined() }
    let secrets = [secret(2), secret(300)]
    for number in 0..<50 {
      builder.add(prompt: number == 20 ? secrets[0] : number == 21 ? secrets[1] : "q\(number)", response: "a")
    }
    let prepared = builder.prepared
    _ = try store.write { try $0.ingest(prepared, source: "s", origin: "") }
    func traces() throws -> Int {
      let copy = folder.file("copy.mdb")
      try? FileManager.default.removeItem(atPath: copy)
      try FileManager.default.copyItem(atPath: folder.file("s/data.mdb"), toPath: copy)
      let data = try Data(contentsOf: URL(fileURLWithPath: copy))
      // Pieces: compression may keep a part of the text as it is.
      return secrets.count { text in
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count - 12, by: 12).contains {
          data.range(of: Data(bytes[$0..<($0 + 12)])) != nil
        }
      }
    }
    #expect(try traces() > 0)
    #expect(try store.write { try $0.delete([SampleID(20), SampleID(21)], reason: "asked for") }.count == 2)
    #expect(try store.read { try $0.sample(SampleID(20)) } == nil)
    _ = try store.eraseRemains()
    #expect(try traces() == 0)
    #expect(try store.verify().isSound)
    let again = try store.write { try $0.ingest(prepared, source: "s", origin: "") }
    #expect(again.inserted == 2 && again.duplicates == 48)
  }
}
