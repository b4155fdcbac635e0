public import CohortCore

/// One entry of the log: what changed the store, when. The time is for people; nothing is computed from it.
public struct LogEntry: Sendable {
  /// The entry's place in the log, counted from 1 without gaps.
  public var sequence: LogSequence
  /// Milliseconds since 1970, UTC.
  public var time: Int64
  /// What happened: one of the types in `LogEvent`.
  public var event: any LogPayload { payload }
  let payload: any LogEventKind

  /// ```
  /// u64 checksum | u8 layout version (1) | u8 kind | i64 time | payload
  /// ```
  static let layoutVersion: UInt8 = 1

  func encode() -> [UInt8] {
    var writer = ByteWriter(capacity: 64)
    writer.fixed(UInt64(0))
    writer.fixed(Self.layoutVersion)
    writer.fixed(payload.kind.rawValue)
    writer.fixed(time)
    payload.encode(into: &writer)
    var bytes = writer.bytes
    bytes.withUnsafeMutableBytes { Sealed.close($0, SealPlace(.log, sequence.rawValue)) }
    return bytes
  }

  /// Tells one history of a store from another: the digest of the entry as it is stored.
  package var digest: Digest128 { XXH3.hash128(encode()) }

  init(sequence: LogSequence, time: Int64, event: some LogEventKind) {
    self.sequence = sequence
    self.time = time
    payload = event
  }

  init(sequence: LogSequence, _ bytes: UnsafeRawBufferPointer) throws {
    self = try Sealed.decode(bytes, SealPlace(.log, sequence.rawValue), "Log entry \(sequence)") { reader in
      let version = try reader.fixed(UInt8.self)
      guard version == Self.layoutVersion else { throw CohortError.invalid("the entry's version", cause: "\(version)") }
      let code = try reader.fixed(UInt8.self)
      guard let kind = LogEvent.kind(tag: code) else { throw CohortError.invalid("the entry's kind", cause: "\(code)") }
      let time: Int64 = try reader.fixed()
      return LogEntry(sequence: sequence, time: time, event: try kind.init(from: &reader))
    }
  }
}
