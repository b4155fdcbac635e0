internal import CohortCore

/// What a log entry says besides its sequence and time: a value of one kind of event. The kinds are `LogEvent`'s types.
///
/// ```swift
/// if let round = entry.event as? LogEvent.Round { print(round.assigned) }
/// ```
public protocol LogPayload: Hashable, Sendable {
  /// The kind of all such entries.
  static var kind: LogKind { get }
  /// What happened, for people: in the order in which it is shown.
  var fields: [LogField] { get }
}

extension LogPayload {
  public var kind: LogKind { Self.kind }
}

/// A kind of event as the store sees it: the bytes, and what the rest of the store makes of it. One file a kind, listed in
/// `LogEvent.kinds`.
protocol LogEventKind: LogPayload {
  /// Reads the payload, which `Schemas/store.md` has as a table.
  init(from reader: inout ByteReader) throws
  func encode(into writer: inout ByteWriter)

  /// Adds the event to what the log says of the store, and tells `problem` what does not fit to the events before.
  func check(_ history: inout LogHistory, _ problem: (String) -> Void)

  /// What the event gives to those who follow `feed`.
  func changes(in feed: Feed) -> LogChanges
}

extension LogEventKind {
  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {}
  func changes(in feed: Feed) -> LogChanges { .none }
}

/// The records of a feed that one entry holds.
enum LogChanges {
  case none
  /// These samples, range after range.
  case added([IDRange])
  case removed([SampleID])
  /// The labels of these samples changed, range after range.
  case relabelled([IDRange])
}
