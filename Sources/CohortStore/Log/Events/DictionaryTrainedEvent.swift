internal import CohortCore

extension LogEvent {
  /// New samples are compressed with a dictionary that was made from samples of the store.
  public struct DictionaryTrained: LogEventKind {
    public static let kind = LogKind(13, "dictionary-trained")
    /// The dictionary's number, which every sample compressed with it names.
    public var number: UInt16
    /// Size of the dictionary, which is kept in the store.
    public var bytes: UInt64

    public var fields: [LogField] { [.id("dictionary", number), .count("bytes", bytes)] }
  }
}

extension LogEvent.DictionaryTrained {
  init(from reader: inout ByteReader) throws { self.init(number: try reader.fixed(), bytes: try reader.varint()) }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(number)
    writer.varint(bytes)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) { history.dictionary = number }
}
