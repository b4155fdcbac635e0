internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `… drop`: forgets something that has a name, as far as nothing stands on it.
public struct DropAction: RecordAction {
  /// What is dropped.
  public enum Kind: String, Sendable {
    /// Refused while a map follows it. Snapshots that hold it keep their membership.
    case grouping
    /// Refused while a plan or a selection stands on it.
    case snapshot
    /// Refused while a plan stands on it.
    case selection
    /// Refused while a run of the same process follows it. Runs that followed it keep their checkpoints.
    case plan
    /// Refused while a grouping belongs to it, and for the default one. Its vectors go in parts.
    case space
    /// Refused while a grouping divides by it, and for the store's own.
    case measure = "length"
    /// The log keeps its statement.
    case query
    /// Its places are gone.
    case map
  }

  public static let name = "drop"
  /// With what is dropped: `grouping drop`.
  public var name: String { "\(kind.rawValue) \(Self.name)" }
  public var access: ActionAccess {
    switch kind {
    // Those who embed, measure and group look at them meanwhile.
    case .grouping, .measure, .space: .updates
    case .snapshot, .selection, .plan, .query, .map: .writes
    }
  }
  /// Which of the store's kinds of names `dropped` belongs to.
  public var kind: Kind
  /// The name to forget; it is free again afterwards.
  public var dropped: String

  public init(_ kind: Kind, named dropped: String) {
    self.kind = kind
    self.dropped = dropped
  }

  /// Removes what has the name, and logs it.
  /// - Throws: `store.unknown-…`, `store.…-in-use`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    var record: ReportRecord = ["dropped": .text(dropped)]
    switch kind {
    case .grouping: try store.write { try $0.dropGrouping(named: dropped) }
    case .snapshot: try store.write { try $0.dropSnapshot(named: dropped) }
    case .selection: try store.write { try $0.dropSelection(named: dropped) }
    case .plan: try store.dropPlan(named: dropped)
    case .query: try store.write { try $0.dropQuery(named: dropped) }
    case .map: try store.write { try $0.dropMap(named: dropped) }
    case .measure:
      guard dropped != SampleLengths.ownMeasure else {
        throw CohortError.usage(
          "The length measure \"\(dropped)\" was chosen when the store was created, and stays",
          hint: "Further measures can be dropped: cohort length list")
      }
      try MeasureLibrary.drop(store, named: dropped)
    case .space:
      record.append("chunks_freed", .count(try SpaceJob.drop(store, space: dropped, control: control)))
    }
    return PlainReport(record)
  }
}
