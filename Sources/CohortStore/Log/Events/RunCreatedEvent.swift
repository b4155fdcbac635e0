public import CohortCore

extension LogEvent {
  /// A training run that follows a plan was begun.
  public struct RunCreated: LogEventKind {
    public static let kind = LogKind(15, "run-created")
    public var name: String
    public var plan: String
    public var planHash: Digest128

    public var fields: [LogField] {
      [
        .text("name", name, in: .listing), .text("run", name, in: .summary), .text("plan", plan),
        .digest("plan_hash", planHash, in: .listing),
      ]
    }
  }
}

extension LogEvent.RunCreated {
  init(from reader: inout ByteReader) throws {
    self.init(name: try reader.string(), plan: try reader.string(), planHash: try reader.digest())
  }

  func encode(into writer: inout ByteWriter) {
    writer.string(name)
    writer.string(plan)
    writer.digest(planHash)
  }
}
