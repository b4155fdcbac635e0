public import CohortCore
internal import CohortLMDB

/// One sample as it is stored. Valid as long as you like: it holds copies.
public struct StoredSample: Sendable {
  /// Given by the store, ascending from 0; never given again.
  public var id: SampleID
  /// Where the sample came from; its name is in `ReadTransaction.source`.
  public var source: SourceID
  /// Its task label; `TaskID.missing` when it came without one.
  public var task: TaskID
  /// 1-based line, row or element of its source.
  public var line: UInt64
  /// The conversation, in order.
  public var messages: [Message]
  /// JSON array, empty when there are none.
  public var tools: [UInt8]
  /// One JSON object, empty when there are none.
  public var attributes: [UInt8]

  /// Which of the messages are prompt and response.
  public var parts: SampleParts { SampleParts(messages) }
}

/// A sample in place: buffers are valid only inside the closure that got it.
public struct SampleView {
  /// Given by the store, ascending from 0; never given again.
  public let id: SampleID
  /// Where the sample came from; its name is in `ReadTransaction.source`.
  public let source: SourceID
  /// Its task label; `TaskID.missing` when it came without one.
  public let task: TaskID
  /// 1-based line, row or element of its source.
  public let line: UInt64
  /// Canonical messages: read them with `SampleContent.visit`.
  public let content: UnsafeRawBufferPointer
  /// One JSON object, empty when there are none.
  public let attributes: UnsafeRawBufferPointer
}

extension ReadTransaction {
  /// Lends a sample to `body`; nil when it was deleted or never existed.
  /// - Complexity: one look-up and, if it is compressed, one decompression (about 2 µs a KB).
  public func withSample<R>(_ id: SampleID, _ body: (SampleView?) throws -> R) throws -> R {
    guard let stored = try unsafe.get(table(ofSample: id.rawValue), id.rawValue) else {
      // A deleted sample leaves its record without the payload.
      guard id.rawValue >= state.counters.nextSample else { throw CohortError.missing("Sample \(id)") }
      return try body(nil)
    }
    let (header, payload) = try SampleRecord.open(stored, id: id.rawValue)
    if header.codec == .deleted { return try body(nil) }
    return try withPlain(header, payload, id: id) { plain in
      try body(
        SampleView(
          id: id, source: header.source, task: header.task, line: header.line,
          content: UnsafeRawBufferPointer(rebasing: plain[..<header.contentSize]),
          attributes: UnsafeRawBufferPointer(rebasing: plain[header.contentSize...])))
    }
  }

  /// The line of its source that a sample came from, deleted ones included; nil for one that the store never had.
  /// - Throws: `store.corrupted`.
  /// - Complexity: a look-up, and a checksum of the record; nothing is decompressed.
  package func line(of id: SampleID) throws -> UInt64? {
    guard let stored = try unsafe.get(table(ofSample: id.rawValue), id.rawValue) else {
      guard id.rawValue >= state.counters.nextSample else { throw CohortError.missing("Sample \(id)") }
      return nil
    }
    return try SampleRecord.open(stored, id: id.rawValue).header.line
  }

  /// A copy of a sample; nil when it was deleted or never existed.
  public func sample(_ id: SampleID) throws -> StoredSample? {
    try withSample(id) { view in
      guard let view else { return nil }
      do {
        let (messages, tools) = try SampleContent.decode(view.content)
        return StoredSample(
          id: id, source: view.source, task: view.task, line: view.line, messages: messages, tools: tools,
          attributes: [UInt8](view.attributes))
      } catch let error as CohortError where error.isFormat {
        throw CohortError.corrupted("Sample \(id)", cause: error.description)
      }
    }
  }

  func withPlain<R>(
    _ header: SampleRecord, _ payload: UnsafeRawBufferPointer, id: SampleID,
    _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    let size = header.contentSize + header.attributesSize
    if header.codec == .plain {
      guard payload.count == size else { throw CohortError.corrupted("Sample \(id)", cause: "its size does not fit") }
      return try body(payload)
    }
    let dictionary =
      header.codec == .zstdWithDictionary ? try codecs.dictionary(header.dictionary, unsafe, tables) : nil
    return try withUnsafeTemporaryAllocation(byteCount: max(size, 1), alignment: 8) { memory in
      let target = UnsafeMutableRawBufferPointer(rebasing: memory[..<size])
      guard codecs.withDecompressor({ $0.decompress(payload, into: target, dictionary: dictionary) }) else {
        throw CohortError.corrupted("Sample \(id)", cause: "it cannot be decompressed")
      }
      return try body(UnsafeRawBufferPointer(target))
    }
  }

  /// The dictionary that new samples are to be compressed with; nil until the store has enough samples for one.
  public func currentDictionary() throws -> CompressionDictionary? {
    let number = try counters.dictionary
    return number == 0 ? nil : try codecs.dictionary(number, unsafe, tables)
  }
}
