/// What a log entry did, without the details.
public struct LogKind: Hashable, Sendable {
  /// The tag under which the event is stored. Part of the format: never change one.
  public let rawValue: UInt8
  /// The word that `cohort log` prints.
  public let name: String

  init(_ rawValue: UInt8, _ name: String) {
    self.rawValue = rawValue
    self.name = name
  }

  /// All kinds in the order of their tags.
  public static var allCases: [LogKind] { LogEvent.kinds.map { $0.kind } }
}

/// The kinds of events, a type each: what happened, in full. The catalog is computed from these values alone (and from
/// what they point at in the store).
public enum LogEvent {
  /// All of them, in the order of their tags. A new kind is a file in `Events` and a line here.
  static let kinds: [any LogEventKind.Type] = [
    StoreCreated.self,
    Ingest.self,
    Embed.self,
    GroupingCreated.self,
    GroupingDropped.self,
    Round.self,
    Delete.self,
    SnapshotCreated.self,
    SnapshotDropped.self,
    PlanCreated.self,
    PlanDropped.self,
    Checkpoint.self,
    DictionaryTrained.self,
    SpaceCreated.self,
    RunCreated.self,
    MeasureCreated.self,
    MeasureDropped.self,
    Measured.self,
    SpaceDropped.self,
    SpaceMadeDefault.self,
    Relabel.self,
    SourceDescribed.self,
    SelectionCreated.self,
    SelectionDropped.self,
    QuerySaved.self,
    QueryDropped.self,
    MapCreated.self,
    MapChanged.self,
    MapDropped.self,
  ]

  private static let byTag = Dictionary(uniqueKeysWithValues: kinds.map { ($0.kind.rawValue, $0) })

  /// The kind with a tag; nil for one that this program does not know.
  static func kind(tag: UInt8) -> (any LogEventKind.Type)? { byTag[tag] }
}
