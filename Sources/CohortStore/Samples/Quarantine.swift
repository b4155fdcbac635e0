public import CohortCore
internal import CohortLMDB

/// A record that could not become a sample: where it was, why it was refused, and its bytes.
public struct QuarantineRecord: Hashable, Sendable {
  /// First byte of the keys in `names` by which a record is found that is in quarantine already.
  static let nameKind = UInt8(ascii: "q")

  /// The source that the record was read from.
  public var source: SourceID
  /// 1-based line, row or element of its source.
  public var line: UInt64
  /// Stable reason code, as `SampleBatch.Rejection.reason`.
  public var reason: String
  /// What is wrong with the record, for people; the words may change from release to release.
  public var detail: String
  /// The first bytes of the record, at most `SampleBatch.Rejection.rawLimit`.
  public var raw: [UInt8]
  /// The size of the whole record in bytes.
  public var rawSize: UInt64

  func encode(number: UInt64) -> [UInt8] {
    var writer = ByteWriter(capacity: raw.count + 64)
    writer.fixed(source.rawValue)
    writer.varint(line)
    writer.string(reason)
    writer.string(detail)
    writer.varint(rawSize)
    writer.blob(raw)
    return Sealed.seal(writer.bytes, SealPlace(.quarantine, number))
  }
}

extension QuarantineRecord {
  init(_ bytes: UnsafeRawBufferPointer, number: UInt64) throws {
    self = try Sealed.decode(bytes, SealPlace(.quarantine, number), "Quarantined record \(number)") { reader in
      let source = SourceID(try reader.fixed())
      let line = try reader.varint()
      let (reason, detail) = (try reader.string(), try reader.string())
      let size = try reader.varint()
      return QuarantineRecord(
        source: source, line: line, reason: reason, detail: detail, raw: [UInt8](try reader.blob()), rawSize: size)
    }
  }

}

extension ReadTransaction {
  /// The quarantined record of a number, counted from 0; nil when there never was one.
  /// - Throws: `store.corrupted` for one that is damaged or gone.
  public func quarantined(_ number: UInt64) throws -> QuarantineRecord? {
    guard let stored = try unsafe.get(tables.quarantine, number) else {
      guard number >= state.counters.quarantined else { throw CohortError.missing("Quarantined record \(number)") }
      return nil
    }
    return try QuarantineRecord(stored, number: number)
  }
}

extension WriteTransaction {
  /// Puts a record into quarantine, unless the same bytes of the same line of the same source are there already.
  /// - Returns: whether it was added.
  func quarantine(_ rejection: SampleBatch.Rejection, source: SourceID) throws -> Bool {
    let record = QuarantineRecord(
      source: source, line: rejection.line, reason: rejection.reason, detail: rejection.detail, raw: rejection.raw,
      rawSize: rejection.rawSize)
    // The bytes decide, not the words of the reason: those may change from one release to the next.
    var writer = ByteWriter()
    writer.fixed(source.rawValue)
    writer.varint(rejection.line)
    writer.varint(rejection.rawSize)
    writer.raw(rejection.raw)
    let key = [QuarantineRecord.nameKind] + XXH3.hash128(writer.bytes).bytes
    if try unsafe.get(tables.names, key) != nil { return false }
    let number = state.counters.quarantined
    state.counters.quarantined += 1
    try record.encode(number: number).withUnsafeBytes { try unsafe.put(tables.quarantine, number, $0) }
    var value = ByteWriter()
    value.fixed(number)
    try Sealed.seal(value.bytes, SealPlace(.names, key)).withUnsafeBytes { try unsafe.put(tables.names, key, $0) }
    return true
  }
}

extension Digest128 {
  /// 16 bytes, most significant first.
  var bytes: [UInt8] {
    withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { [UInt8]($0) }
  }
}
