public import CohortCore

/// What happened, in full: the catalog is computed from these values alone (and from what they point at in the store).
public enum LogEvent: Hashable, Sendable {
  /// Samples of one source. Their ids are `first ..< first + inserted`.
  public struct Ingest: Hashable, Sendable {
    public var source: SourceID
    /// Set in the first entry of a source: its name and the path or address it came from.
    public var newSource: NewSource?
    /// Labels that were new: their numbers are consecutive from `firstNewTask`.
    public var firstNewTask: TaskID
    public var newTasks: [String]
    public var first: SampleID
    public var inserted: UInt64
    public var duplicates: UInt64
    /// Records put into quarantine; their numbers are `firstQuarantined ..< firstQuarantined + quarantined`.
    public var firstQuarantined: UInt64
    public var quarantined: UInt64
    /// Rejected records that were in quarantine already (the same source, line and bytes).
    public var quarantinedBefore: UInt64
  }

  /// A file or stream that samples came from for the first time.
  public struct NewSource: Hashable, Sendable {
    public var name: String
    public var origin: String
  }

  /// Vectors of one space, for the samples of these ranges, in this order.
  public struct Embed: Hashable, Sendable {
    public var space: SpaceID
    public var ranges: [IDRange]
    /// Samples that were looked at and have no usable vector (zero, not finite), by reason.
    public var without: [IDRange]
    /// Samples whose text the encoder refused.
    public var refused: [RefusedSample] = []
  }

  /// A grouping was defined; its groups come with the rounds that follow.
  public struct GroupingCreated: Hashable, Sendable {
    public var id: GroupingID
    public var name: String
    public var definition: GroupingDefinition
  }

  /// Rows `applied` of the feed are in; `events` are encoded by the clustering module (`Schemas/grouping-state.md`).
  public struct Round: Hashable, Sendable {
    public var grouping: GroupingID
    public var applied: FeedPosition
    /// A short tail, assigned for the time being and redone when its round is full.
    public var provisional: Bool
    /// How many assignments were written, those that confirm a group included.
    public var assigned: UInt64
    public var events: [[UInt8]]
    /// Digest of the engine's state after the round.
    public var state: UInt64
  }

  /// Samples were deleted. Their ids are never given again.
  public struct Delete: Hashable, Sendable {
    /// In the order in which the groupings see the deletions.
    public var ids: [SampleID]
    public var reason: String
  }

  /// A snapshot was taken of `groupings` as they were after entry `sequence`.
  public struct SnapshotCreated: Hashable, Sendable {
    public var id: UInt32
    public var name: String
    public var sequence: LogSequence
    /// Members of each grouping: samples that were not deleted.
    public var samples: UInt64
    public var digest: Digest128
    public var groupings: [GroupingID]
  }

  /// A plan over one grouping of a snapshot was stored.
  public struct PlanCreated: Hashable, Sendable {
    public var id: UInt32
    public var name: String
    public var snapshot: UInt32
    public var grouping: GroupingID
    /// Of the plan's bytes.
    public var hash: Digest128
    /// The report as JSON, for people.
    public var report: String
  }

  /// A training run saved its state: the `number`-th of the run, taken before step `step` of `epoch`.
  public struct Checkpoint: Hashable, Sendable {
    public var run: String
    public var number: UInt64
    public var plan: String
    public var planHash: Digest128
    public var epoch: UInt64
    public var step: UInt64
    /// Size of the saved state, which the log does not hold.
    public var stateBytes: UInt64
  }

  /// An embedding space was added; its vectors come with `embed`.
  public struct SpaceCreated: Hashable, Sendable {
    public var id: SpaceID
    public var name: String
    public var provider: String
    public var fingerprint: String
    public var dimension: UInt32
    public var element: ElementType
    public var recipe = EmbeddingRecipe()
  }

  /// A length measure was added; its lengths come with `measured`.
  public struct MeasureCreated: Hashable, Sendable {
    public var id: MeasureID
    public var name: String
    public var unit: LengthUnit
    /// XXH3-128 of the tokenizer's file, for `tokens`.
    public var tokenizer: Digest128?
  }

  /// Samples have lengths by a measure now.
  public struct Measured: Hashable, Sendable {
    public var measure: MeasureID
    /// Those that do, ascending.
    public var ranges: [IDRange]
    /// All samples before this one are measured now, but for those that were deleted before.
    public var end: UInt64
  }

  case storeCreated(id: Digest128, configuration: StoreConfiguration)
  case ingest(Ingest)
  case embed(Embed)
  case groupingCreated(GroupingCreated)
  case groupingDropped(GroupingID)
  case round(Round)
  case delete(Delete)
  case snapshotCreated(SnapshotCreated)
  case snapshotDropped(id: UInt32, name: String)
  case planCreated(PlanCreated)
  case planDropped(id: UInt32, name: String)
  case checkpoint(Checkpoint)
  case dictionaryTrained(number: UInt16, bytes: UInt64)
  case spaceCreated(SpaceCreated)
  case runCreated(name: String, plan: String, planHash: Digest128)
  case measureCreated(MeasureCreated)
  case measureDropped(MeasureID, name: String)
  case measured(Measured)
  /// An embedding space is gone, with its vectors. Its id is never given again.
  case spaceDropped(id: SpaceID, name: String)
  /// The space that is taken where none is named.
  case spaceMadeDefault(id: SpaceID, name: String)

  /// What happened, without the details: the tag under which the event is stored.
  public var kind: LogKind {
    switch self {
    case .storeCreated: .storeCreated
    case .ingest: .ingest
    case .embed: .embed
    case .groupingCreated: .groupingCreated
    case .groupingDropped: .groupingDropped
    case .round: .round
    case .delete: .delete
    case .snapshotCreated: .snapshotCreated
    case .snapshotDropped: .snapshotDropped
    case .planCreated: .planCreated
    case .planDropped: .planDropped
    case .checkpoint: .checkpoint
    case .dictionaryTrained: .dictionaryTrained
    case .spaceCreated: .spaceCreated
    case .runCreated: .runCreated
    case .measureCreated: .measureCreated
    case .measureDropped: .measureDropped
    case .measured: .measured
    case .spaceDropped: .spaceDropped
    case .spaceMadeDefault: .spaceMadeDefault
    }
  }
}

/// The number of an embedding space in its store.
public struct SpaceID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// A sample that gets no vector, and why.
public struct RefusedSample: Hashable, Sendable {
  public var id: SampleID
  public var reason: String

  public init(id: SampleID, reason: String) {
    self.id = id
    self.reason = reason
  }
}

/// Consecutive sample ids: `first ..< first + count`.
public struct IDRange: Hashable, Sendable {
  public var first: SampleID
  public var count: UInt64

  public init(first: SampleID, count: UInt64) {
    self.first = first
    self.count = count
  }

  /// Ids in any order as runs of consecutive ones, in the same order.
  public static func runs(_ ids: some Sequence<SampleID>) -> [IDRange] {
    var runs: [IDRange] = []
    for id in ids {
      if let last = runs.last, last.first.rawValue + last.count == id.rawValue {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(IDRange(first: id, count: 1))
      }
    }
    return runs
  }
}

/// How far a reader of the log has come: `offset` records of entry `sequence` are consumed, and all earlier entries.
public struct FeedPosition: Hashable, Comparable, Sendable {
  public var sequence: LogSequence
  public var offset: UInt64

  public init(sequence: LogSequence, offset: UInt64) {
    self.sequence = sequence
    self.offset = offset
  }

  /// Before the first entry.
  public static let start = FeedPosition(sequence: LogSequence(1), offset: 0)

  public static func < (a: Self, b: Self) -> Bool { (a.sequence, a.offset) < (b.sequence, b.offset) }
}
