internal import CohortCore
internal import CohortLMDB

/// Neighbouring samples whose payloads were packed anew, ready to be put in the place of what is stored.
public struct RepackedSamples: Sendable {
  /// The samples, all of them, also those that stay as they are.
  public let samples: Range<UInt64>
  /// Bytes of their records as they are stored.
  public fileprivate(set) var storedBytes: UInt64 = 0
  /// Bytes of their records after the change.
  public fileprivate(set) var packedBytes: UInt64 = 0
  /// How many change.
  public fileprivate(set) var changed: UInt64 = 0

  /// New records, sealed, one behind the other.
  fileprivate var records: [UInt8] = []
  fileprivate var entries: [Entry] = []

  /// What becomes of a sample.
  fileprivate struct Entry: Sendable {
    /// Its new record; empty when it stays as it is.
    var record = 0..<0
    /// The checksum of the record that the new one was made from.
    var origin: UInt64 = 0
  }
}

extension ReadTransaction {
  /// Packs the payloads of neighbouring samples anew, and changes nothing yet. Those that would not get smaller stay as they
  /// are; where payloads shall be plain, all of them become plain.
  /// - Throws: `store.corrupted` for a sample that is damaged.
  /// - Complexity: O(bytes), at the speed of the compression.
  public func repacked(_ samples: Range<UInt64>, _ packer: PayloadPacker) throws -> RepackedSamples {
    var result = RepackedSamples(samples: samples)
    result.entries.reserveCapacity(samples.count)
    let compressor = packer.makeCompressor()
    var scratch: [UInt8] = []
    try withSampleCursors { find in
      for id in samples {
        guard let stored = try find(id) else { throw CohortError.missing("Sample \(id)") }
        var (header, payload) = try SampleRecord.open(stored, id: id)
        var entry = RepackedSamples.Entry()
        defer {
          result.storedBytes += UInt64(stored.count)
          result.packedBytes += UInt64(entry.record.isEmpty ? stored.count : entry.record.count)
          result.changed += entry.record.isEmpty ? 0 : 1
          result.entries.append(entry)
        }
        guard header.codec != .deleted, compressor != nil || header.codec != .plain else { continue }
        try withPlain(header, payload, id: SampleID(id)) { plain in
          let start = result.records.count
          if let compressor {
            let bound = PayloadCompressor.bound(plain.count)
            if scratch.count < bound { scratch = [UInt8](repeating: 0, count: bound) }
            let (codec, size) = scratch.withUnsafeMutableBytes { compressor.compress(plain, into: $0) }
            guard codec != .plain, size < payload.count else { return }
            header.codec = codec
            header.dictionary = codec == .zstdWithDictionary ? compressor.dictionaryNumber : 0
            result.records.append(contentsOf: repeatElement(0, count: SampleRecord.headerSize))
            result.records.append(contentsOf: scratch[..<size])
          } else {
            header.codec = .plain
            header.dictionary = 0
            result.records.append(contentsOf: repeatElement(0, count: SampleRecord.headerSize))
            result.records.append(contentsOf: plain)
          }
          entry.record = start..<result.records.count
          entry.origin = stored.loadUnaligned(as: UInt64.self)
          result.records.withUnsafeMutableBytes {
            header.seal(UnsafeMutableRawBufferPointer(rebasing: $0[entry.record]), id: id)
          }
        }
      }
    }
    return result
  }
}

extension WriteTransaction {
  /// Moves samples that were packed anew to where packed ones lie, and notes how far that has come. A sample that was changed or
  /// deleted since it was read keeps what it has.
  /// - Parameter pieces: in the order of their samples, the first of which is the first that is not packed that way yet.
  /// - Returns: how many samples changed.
  /// - Throws: `store.packing` where somebody else has packed samples meanwhile, or packing in another way has not come to
  ///   its end; `store.corrupted`.
  /// - Complexity: O(bytes). Pass some megabytes at a time: others wait meanwhile.
  @discardableResult
  public func replace(_ pieces: [RepackedSamples], _ packer: PayloadPacker) throws -> UInt64 {
    guard let first = pieces.first, let last = pieces.last else { return 0 }
    if state.packing.packing != packer.packing || state.packing.segments.isEmpty {
      guard state.packing.segments.count < PackedTables.all.count else { throw Self.isPackedOtherwise }
      let number = state.packing.segments.first.map { 1 - $0.table } ?? 0
      state.packing.segments.insert(PackingState.Segment(table: number, end: 0), at: 0)
      state.packing.packing = packer.packing
    }
    guard first.samples.lowerBound == state.packing.end else { throw Self.isPackedOtherwise }
    let target = PackedTables.all[state.packing.segments[0].table]
    let table = try unsafe.make(target.definition)
    try require(target.feature)
    var changed: UInt64 = 0
    for piece in pieces { changed += try move(piece, to: table) }
    state.packing.segments[0].end = last.samples.upperBound
    if state.packing.segments.count > 1, state.packing.segments[1].end <= last.samples.upperBound {
      state.packing.segments.remove(at: 1)
    }
    try putPacking()
    return changed
  }

  /// Stores what `state.packing` says.
  func putPacking() throws {
    try state.packing.encode().withUnsafeBytes { try unsafe.put(tables.meta, PackingState.key, $0) }
  }

  private func move(_ piece: RepackedSamples, to target: Table) throws -> UInt64 {
    var changed: UInt64 = 0
    var record: [UInt8] = []
    try unsafe.withCursor(target) { cursor in
      for (id, entry) in zip(piece.samples, piece.entries) {
        let source = try reading.table(ofSample: id)
        guard let stored = try unsafe.get(source, id) else { throw CohortError.missing("Sample \(id)") }
        record.removeAll(keepingCapacity: true)
        if !entry.record.isEmpty, stored.count >= 8, stored.loadUnaligned(as: UInt64.self) == entry.origin {
          record.append(contentsOf: piece.records[entry.record])
          changed += 1
        } else {
          record.append(contentsOf: stored)
        }
        try unsafe.delete(source, id)
        try record.withUnsafeBytes { record in
          try cursor.reserve(id, count: record.count, append: true) { $0.copyMemory(from: record) }
        }
      }
    }
    return changed
  }

  private static var isPackedOtherwise: CohortError {
    CohortError(
      .storePacking, "Samples were packed by somebody else meanwhile", hint: "Try again: it goes on behind them")
  }
}
