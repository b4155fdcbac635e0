public import CohortCore

extension LogEvent {
  /// A plan over one grouping of a snapshot was stored.
  public struct PlanCreated: LogEventKind {
    public static let kind = LogKind(10, "plan-created")
    /// Never given to another plan.
    public var id: UInt32
    /// Unique among the plans at that time.
    public var name: String
    /// Number of the snapshot that the plan stands on.
    public var snapshot: UInt32
    /// The grouping of that snapshot whose groups the batches come from.
    public var grouping: GroupingID
    /// Of the plan's bytes.
    public var hash: Digest128
    /// The report as JSON, for people.
    public var report: String
    /// Number of the selection whose samples it has; nil for all of the snapshot.
    public var selection: UInt32?

    public var fields: [LogField] {
      let selections = selection.map { [LogField.id("selection", $0)] } ?? []
      return [
        .id("plan", id, in: .summary), .text("name", name), .id("snapshot", snapshot),
        .id("grouping", grouping.rawValue), .digest("hash", hash, in: .summary),
        .digest("plan_hash", hash, in: .listing),
      ] + selections
    }
  }
}

extension LogEvent.PlanCreated {
  init(from reader: inout ByteReader) throws {
    self.init(
      id: try reader.fixed(), name: try reader.string(), snapshot: try reader.fixed(),
      grouping: GroupingID(try reader.fixed()), hash: try reader.digest(), report: try reader.string(),
      selection: reader.remaining > 0 ? try reader.fixed() : nil)
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
    writer.fixed(snapshot)
    writer.fixed(grouping.rawValue)
    writer.digest(hash)
    writer.string(report)
    if let selection { writer.fixed(selection) }
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    history.plans[id] = hash
    if history.snapshots[snapshot] == nil { problem("snapshot \(snapshot) is not there") }
    if let selection, history.selections[selection] == nil { problem("selection \(selection) is not there") }
  }
}
