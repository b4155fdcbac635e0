public import CohortCore

extension LogEvent {
  /// A training run that follows a plan was begun.
  public struct RunCreated: LogEventKind {
    public static let kind = LogKind(15, "run-created")
    /// Unique among the store's runs.
    public var name: String
    /// Name of the plan that the run follows.
    public var plan: String
    /// Hash of that plan, which holds also after another plan took its name.
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
