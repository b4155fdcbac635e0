public import CohortCore

extension LogEvent {
  /// The store was made.
  public struct StoreCreated: LogEventKind {
    public static let kind = LogKind(1, "store-created")
    /// Random, given at creation: tells stores apart.
    public var id: Digest128
    /// What is fixed from then on.
    public var configuration: StoreConfiguration

    public var fields: [LogField] {
      [
        .digest("id", id), .text("length_unit", configuration.lengthUnit.name),
        .text("dedupe", configuration.dedupe.name),
      ]
    }
  }
}

extension LogEvent.StoreCreated {
  init(from reader: inout ByteReader) throws {
    self.init(id: try reader.digest(), configuration: try StoreConfiguration(from: &reader))
  }

  func encode(into writer: inout ByteWriter) {
    writer.digest(id)
    configuration.encode(into: &writer)
  }
}
