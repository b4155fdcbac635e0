internal import CohortCore

extension LogEvent {
  /// A plan is gone. Checkpoints of runs that used it stay.
  public struct PlanDropped: LogEventKind {
    public static let kind = LogKind(11, "plan-dropped")
    /// The plan that is gone; its id is never given again.
    public var id: UInt32
    /// The name that it had, which is free again.
    public var name: String

    public var fields: [LogField] { [.id("plan", id, in: .summary), .text("name", name)] }
  }
}

extension LogEvent.PlanDropped {
  init(from reader: inout ByteReader) throws {
    self.init(id: try reader.fixed(), name: try reader.string())
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if history.plans.removeValue(forKey: id) == nil { problem("plan \(id) was not there") }
  }
}
