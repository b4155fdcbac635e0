internal import CohortCore

extension LogEvent {
  /// Somebody wrote a note into the log, for people. Nothing else of the store changed.
  public struct Note: LogEventKind {
    public static let kind = LogKind(21, "note")
    /// What was written.
    public var text: String

    public var fields: [LogField] { [.text("text", text)] }
  }
}

extension LogEvent.Note {
  init(from reader: inout ByteReader) throws { self.init(text: try reader.string()) }

  func encode(into writer: inout ByteWriter) { writer.string(text) }
}

extension WriteTransaction {
  /// Writes a note into the log.
  public func note(_ text: String) throws {
    try require(StoreFormat.notes)
    try log(LogEvent.Note(text: text))
  }
}
