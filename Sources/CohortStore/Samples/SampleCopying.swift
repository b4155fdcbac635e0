public import CohortCore
internal import CohortLMDB

/// One of several samples that were copied into one piece of memory: what its record says, and where its bytes lie.
public struct CopiedSample: Sendable {
  public enum State: Sendable {
    /// Its bytes were copied.
    case present
    /// It was deleted: source, task and line are known, and there are no bytes.
    case deleted
    /// The store never had a sample of that id.
    case unknown
  }

  public internal(set) var state = State.unknown
  /// Where the sample came from.
  public internal(set) var source = SourceID(0)
  /// Its task label; `TaskID.missing` when it came without one.
  public internal(set) var task = TaskID.missing
  /// 1-based line, row or element of its source.
  public internal(set) var line: UInt64 = 0
  /// Where its canonical messages lie (`SampleContent`).
  public internal(set) var content = 0..<0
  /// Where its attributes lie: one JSON object, empty when there are none.
  public internal(set) var attributes = 0..<0

  /// Nothing is known yet.
  public init() {}
}

extension ReadTransaction {
  /// Copies samples one behind the other into one piece of memory, in the order of the ids: for those who want whole batches
  /// and keep them. First all of them are looked up and checked, in ascending order, which is a fraction of the work of as
  /// many single look-ups; then they are decompressed straight to where they belong.
  /// - Parameters:
  ///   - ids: in any order, also repeated.
  ///   - copied: gets an element for each id, in the same order.
  ///   - room: called once, with the number of bytes that are needed; gives at least as many.
  /// - Returns: the number of bytes.
  /// - Throws: `store.corrupted` for a sample that is damaged, or must be there and is not; what `room` throws.
  /// - Complexity: O(n log n) for ids that do not ascend; a checksum and a copy or decompression of each sample's bytes.
  @discardableResult
  public func copySamples(
    _ ids: UnsafeBufferPointer<UInt64>, to copied: UnsafeMutableBufferPointer<CopiedSample>,
    room: (_ bytes: Int) throws -> UnsafeMutableRawBufferPointer
  ) throws -> Int {
    precondition(copied.count >= ids.count, "room for fewer samples than there are ids")
    return try withUnsafeTemporaryAllocation(of: StoredPayload.self, capacity: max(ids.count, 1)) { payloads in
      payloads.initialize(repeating: StoredPayload())
      try findPayloads(ids, copied, payloads)
      var size = 0
      for index in ids.indices where copied[index].state == .present {
        copied[index].content = size..<(size + payloads[index].contentSize)
        size = copied[index].content.upperBound
        copied[index].attributes = size..<(size + payloads[index].attributesSize)
        size = copied[index].attributes.upperBound
      }
      let memory = try room(size)
      precondition(memory.count >= size, "less room than was asked for")
      try codecs.withDecompressor { decompressor in
        for index in ids.indices where copied[index].state == .present {
          let place = copied[index].content.lowerBound..<copied[index].attributes.upperBound
          try copy(
            payloads[index], of: ids[index], to: UnsafeMutableRawBufferPointer(rebasing: memory[place]), decompressor)
        }
      }
      return size
    }
  }

  /// Looks up and checks the records; what they say goes into `copied`, and where their payloads lie into `payloads`.
  private func findPayloads(
    _ ids: UnsafeBufferPointer<UInt64>, _ copied: UnsafeMutableBufferPointer<CopiedSample>,
    _ payloads: UnsafeMutableBufferPointer<StoredPayload>
  ) throws {
    try withSampleCursors { find in
      try AscendingOrder.forEach(ids) { index, id in
        copied[index] = CopiedSample()
        guard let stored = try find(id) else {
          guard id >= state.counters.nextSample else { throw CohortError.missing("Sample \(id)") }
          return
        }
        let (header, payload) = try SampleRecord.open(stored, id: id)
        copied[index].source = header.source
        copied[index].task = header.task
        copied[index].line = header.line
        copied[index].state = header.codec == .deleted ? .deleted : .present
        payloads[index] = StoredPayload(
          codec: header.codec, dictionary: header.dictionary, contentSize: header.contentSize,
          attributesSize: header.attributesSize, bytes: payload)
      }
    }
  }

  private func copy(
    _ payload: StoredPayload, of id: UInt64, to target: UnsafeMutableRawBufferPointer,
    _ decompressor: PayloadDecompressor
  ) throws {
    if payload.codec == .plain {
      guard payload.bytes.count == target.count else {
        throw CohortError.corrupted("Sample \(id)", cause: "its size does not fit")
      }
      if !target.isEmpty { target.copyMemory(from: payload.bytes) }
      return
    }
    let dictionary =
      payload.codec == .zstdWithDictionary ? try codecs.dictionary(payload.dictionary, unsafe, tables) : nil
    guard decompressor.decompress(payload.bytes, into: target, dictionary: dictionary) else {
      throw CohortError.corrupted("Sample \(id)", cause: "it cannot be decompressed")
    }
  }
}

/// A sample's bytes as they are stored, in place; valid as long as the transaction.
private struct StoredPayload {
  var codec = PayloadCodec.deleted
  var dictionary: UInt16 = 0
  var contentSize = 0
  var attributesSize = 0
  var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
}
