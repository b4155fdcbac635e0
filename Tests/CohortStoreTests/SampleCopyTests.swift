import CohortCore
import CohortStore
import CohortTesting
import Testing

/// Samples that are copied together are those that are read one by one.
@Suite struct SampleCopyTests {
  /// Plain, compressed, compressed with a dictionary, with and without attributes; the last ones deleted.
  private func store(_ folder: TemporaryFolder) throws -> Store {
    let store = try Store.create(at: folder.file("s"), mapSize: 256 << 20)
    var generator = SplitMix64(seed: 9)
    for numbers in [0..<4_000, 4_000..<8_500, 8_500..<9_500] {
      var builder = SampleBatchBuilder()
      for number in numbers {
        let noise = number % 7 == 0 ? (0..<9).map { _ in String(generator.next(), radix: 36) }.joined() : ""
        builder.add(
          prompt: "Please answer the question about item \(number) in the catalogue of the library.\(noise)",
          response: number % 11 == 0 ? "" : "Item \(number * 7) is on the shelf.", task: number % 5 == 0 ? "t" : nil,
          attributes: number % 3 == 0 ? #"{"n":\#(number)}"# : "", line: UInt64(number + 3))
      }
      let prepared = PreparedBatch(builder.batch, dictionary: try store.read { try $0.currentDictionary() })
      _ = try store.write { try $0.ingest(prepared, source: "s\(numbers.lowerBound)", origin: "") }
      _ = try store.trainDictionaryIfDue()
    }
    #expect(try store.read { try $0.currentDictionary() } != nil)
    _ = try store.write { try $0.delete([7, 9_499].map { SampleID($0) }, reason: "") }
    return store
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func copiesAreWhatIsReadAlone(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let store = try store(folder)
    var random = TestRandom(seed: seed)
    var ids: [UInt64] = [7, 9_499, 9_500, .max, 3, 3] + (0..<300).map { _ in UInt64(random.below(9_500)) }
    if seed % 2 == 0 { ids.sort() } else { ids.shuffle(using: &random) }
    if seed == 3 { ids = [] }
    try store.read { transaction in
      var memory: [UInt8] = []
      var copied = [CopiedSample](repeating: CopiedSample(), count: ids.count)
      var calls = 0
      let size = try ids.withUnsafeBufferPointer { ids in
        try copied.withUnsafeMutableBufferPointer { copied in
          let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
          defer { buffer.deallocate() }
          let size = try transaction.copySamples(ids, to: copied) { bytes in
            calls += 1
            #expect(bytes <= buffer.count)
            return buffer
          }
          memory = [UInt8](buffer[..<size])
          return size
        }
      }
      #expect(calls == 1)
      var end = 0
      for (id, sample) in zip(ids, copied) {
        guard id < 9_500 else {
          #expect(sample.state == .unknown)
          continue
        }
        #expect(sample.line == id + 3, "sample \(id), seed \(seed)")
        #expect(sample.task == (id % 5 == 0 ? TaskID(1) : .missing))
        #expect(sample.source == SourceID(id < 4_000 ? 0 : id < 8_500 ? 1 : 2))
        try transaction.withSample(SampleID(id)) { view in
          guard let view else {
            #expect(sample.state == .deleted && sample.content.isEmpty && sample.attributes.isEmpty)
            return
          }
          #expect(sample.state == .present && sample.content.lowerBound == end)
          #expect(memory[sample.content].elementsEqual(view.content), "sample \(id), seed \(seed)")
          #expect(memory[sample.attributes].elementsEqual(view.attributes))
          #expect(sample.attributes.lowerBound == sample.content.upperBound)
          end = sample.attributes.upperBound
        }
      }
      #expect(size == end)
    }
  }
}
