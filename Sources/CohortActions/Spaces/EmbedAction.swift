internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `embed run`: gives vectors to the samples that have none yet.
public struct EmbedAction: RecordAction {
  public static let name = "embed run"
  public var access: ActionAccess { .updates }
  /// The columns of the rows that the report has: one a space.
  public static let columns = EmbedReport.columns
  /// Nil for every space that has an encoder.
  public var space: String?
  /// Whether texts that an encoder refused before are given to it again.
  public var retryingRefused: Bool

  public init(space: String? = nil, retryingRefused: Bool = false) {
    self.space = space
    self.retryingRefused = retryingRefused
  }

  /// Embeds what is pending in the space, or in every space that has an encoder.
  /// - Throws: `store.unknown-embedding-space`, `cli.usage` for vectors that are given; what the encoder throws.
  public func run(on store: Store, _ control: JobControl) throws -> UpdateReport {
    if let space, let known = try store.read({ try $0.space(named: space) }), known.isGiven {
      throw CohortError.usage(
        "The vectors of space \"\(space)\" are given, not made",
        hint: "Give them while ingesting: cohort ingest DATA --embeddings FILE.npy")
    }
    return try StoreUpdater(store).update(
      .vectors(space: space), retryingRefused: retryingRefused, control: control)
  }
}

extension EmbedReport {
  /// The keys of `record`.
  public static let columns: [ReportColumn] = ["space", "embedded", "without_vector", "refused"]

  /// What was embedded in one space.
  public var record: ReportRecord {
    [
      "space": .text(space), "embedded": .count(embedded), "without_vector": .count(without),
      "refused": .count(refused),
    ]
  }
}
