public import CohortCore

/// What a log entry did.
public enum LogKind: UInt8, CaseIterable, Sendable {
  case storeCreated = 1
  case ingest = 2
  case embed = 3
  case groupingCreated = 4
  case groupingDropped = 5
  /// One round of a grouping: assignments and the splits, merges and re-centrings that came with them.
  case round = 6
  case delete = 7
  case snapshotCreated = 8
  case snapshotDropped = 9
  case planCreated = 10
  case planDropped = 11
  case checkpoint = 12
  case dictionaryTrained = 13
  case spaceCreated = 14
  case runCreated = 15
  case measureCreated = 16
  case measureDropped = 17
  /// Samples were measured by a length measure.
  case measured = 18
  case spaceDropped = 19
  case spaceMadeDefault = 20

  /// The word that `cohort log` prints.
  public var name: String {
    switch self {
    case .storeCreated: "store-created"
    case .ingest: "ingest"
    case .embed: "embed"
    case .groupingCreated: "grouping-created"
    case .groupingDropped: "grouping-dropped"
    case .round: "round"
    case .delete: "delete"
    case .snapshotCreated: "snapshot-created"
    case .snapshotDropped: "snapshot-dropped"
    case .planCreated: "plan-created"
    case .planDropped: "plan-dropped"
    case .checkpoint: "checkpoint"
    case .dictionaryTrained: "dictionary-trained"
    case .spaceCreated: "space-created"
    case .runCreated: "run-created"
    case .measureCreated: "length-created"
    case .measureDropped: "length-dropped"
    case .measured: "measured"
    case .spaceDropped: "space-dropped"
    case .spaceMadeDefault: "space-made-default"
    }
  }
}

/// One entry of the log: what changed the store, when. The time is for people; nothing is computed from it.
public struct LogEntry: Sendable {
  public var sequence: LogSequence
  /// Milliseconds since 1970, UTC.
  public var time: Int64
  public var event: LogEvent

  /// ```
  /// u64 checksum | u8 layout version (1) | u8 kind | i64 time | payload
  /// ```
  static let layoutVersion: UInt8 = 1

  func encode() -> [UInt8] {
    var writer = ByteWriter(capacity: 64)
    writer.fixed(UInt64(0))
    writer.fixed(Self.layoutVersion)
    writer.fixed(event.kind.rawValue)
    writer.fixed(time)
    event.encode(into: &writer)
    var bytes = writer.bytes
    bytes.withUnsafeMutableBytes { Sealed.close($0, SealPlace(.log, sequence.rawValue)) }
    return bytes
  }

  init(sequence: LogSequence, time: Int64, event: LogEvent) {
    self.sequence = sequence
    self.time = time
    self.event = event
  }

  init(sequence: LogSequence, _ bytes: UnsafeRawBufferPointer) throws {
    self = try Sealed.decode(bytes, SealPlace(.log, sequence.rawValue), "Log entry \(sequence)") { reader in
      let version = try reader.fixed(UInt8.self)
      guard version == Self.layoutVersion else { throw CohortError.invalid("the entry's version", cause: "\(version)") }
      let code = try reader.fixed(UInt8.self)
      guard let kind = LogKind(rawValue: code) else { throw CohortError.invalid("the entry's kind", cause: "\(code)") }
      let time: Int64 = try reader.fixed()
      return LogEntry(sequence: sequence, time: time, event: try LogEvent(kind, from: &reader))
    }
  }
}
