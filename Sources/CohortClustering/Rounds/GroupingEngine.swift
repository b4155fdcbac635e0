internal import CohortCore
internal import CohortKernels

/// One kind of grouping: the part of the state that differs between labels, lengths and embeddings.
protocol GroupingEngine: Sendable {
  /// Open groups, ascending.
  var openGroups: [GroupID] { get }
  func record(of group: GroupID) -> GroupRecord?
  /// How many of the `pending` records the next round takes by the rules of a version; 0 when there are too few for one.
  func roundLength(after applied: UInt64, pending: Int, _ rules: UInt32) -> Int
  mutating func apply(_ records: [ChangeRecord], _ context: inout RoundContext) throws
  /// The groups that inserted samples would go to if the state stayed as it is; samples in the records' order.
  func assignProvisionally(
    _ records: [ChangeRecord], features: any SampleFeatures, path: cohort_path, workers: Int
  ) throws -> [Assignment]
  /// What the header holds beside the common fields.
  func encodeHeader(into writer: inout ByteWriter)

  /// Whether rounds note the version of the rules that they are made by.
  var notesRules: Bool { get }
  /// The version that the last round noted.
  var rules: UInt32 { get }
  /// Takes the tail and lowers the error. - Throws: `clustering.not-refinable` where there is none.
  mutating func refine(_ tail: [ChangeRecord], _ context: inout RoundContext) throws
  /// Mean squared distance of all members to their groups' published centroids; nil where there are none.
  func meanError(_ path: cohort_path) -> Double?
  /// Compares a few assignments with the groups (see `GroupingState.audit`).
  func check(
    _ samples: [(sample: UInt64, group: UInt32, distance: Float)], features: any SampleFeatures, path: cohort_path,
    workers: Int, _ audit: inout GroupingAudit
  ) throws
}

extension GroupingEngine {
  func encodeHeader(into writer: inout ByteWriter) {}
  var notesRules: Bool { false }
  var rules: UInt32 { GroupingState.unnotedRulesVersion }
  mutating func refine(_ tail: [ChangeRecord], _ context: inout RoundContext) throws {
    throw CohortError(
      .clusteringNotRefinable, "Only groupings by embedding can be refined: the others have nothing to gain")
  }
  func meanError(_ path: cohort_path) -> Double? { nil }
  func check(
    _ samples: [(sample: UInt64, group: UInt32, distance: Float)], features: any SampleFeatures, path: cohort_path,
    workers: Int, _ audit: inout GroupingAudit
  ) throws {}
}

/// What an engine is made of beside its options.
struct EngineParts {
  var definition: GroupingDefinition
  /// Values of a vector; 0 where none are looked at.
  var dimension: Int
  /// Those that the definition names.
  var anchors: AnchorSet?
}

/// A kind whose groups come about in rounds. Its engine's file holds the conformance.
protocol ClusteredKind: GroupingKind {
  /// An engine to which nothing has been applied.
  /// - Throws: `clustering.definition` for a definition that asks for something impossible.
  func makeEngine(_ parts: EngineParts, _ options: EmbeddingOptions) throws -> any GroupingEngine

  /// The engine that was stored.
  /// - Parameters:
  ///   - reader: what `encodeHeader` wrote; it must be read to its end.
  ///   - records: open groups, ascending.
  /// - Throws: `clustering.damaged-state`.
  func restoreEngine(
    _ parts: EngineParts, header reader: inout ByteReader, _ records: [GroupRecord]
  ) throws -> any GroupingEngine
}
