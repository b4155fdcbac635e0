public import CohortCore
public import CohortEmbedding
public import CohortStore

/// Creates groupings of any kind.
public enum GroupingJob {
  /// What was created.
  public struct Report: Sendable {
    /// The new grouping's record; it has no groups before its first round.
    public var grouping: GroupingRecord
    /// What its kind has to say of it beside its definition.
    public var fields: [GroupingField]
  }

  /// Adds a grouping; it starts empty.
  /// - Parameters:
  ///   - spelling: the kind, as the command line takes it.
  ///   - choices: they have to fit the kind (`GroupingChoices.objection`).
  ///   - encoder: makes vectors of texts in a space, where the kind needs some; nil where it cannot.
  /// - Throws: `store.grouping-exists`, and what the kind refuses: unknown names, `clustering.definition`,
  ///   `pipeline.product`, `pipeline.anchors`.
  public static func create(
    _ store: Store, name: String, by spelling: GroupingSpelling, _ choices: GroupingChoices = GroupingChoices(),
    encoder: @escaping (EmbeddingSpace) throws -> (any TextEncoder)? = { _ in nil }
  ) throws -> Report {
    guard let kind = spelling.kind as? any FollowingKind.Type else {
      throw CohortError(.pipelineNoFeed, "No job makes groupings by \(spelling.kind.spellings.joined(separator: ", "))")
    }
    let draft = try kind.draft(spelling.argument, choices, GroupingDraft.Context(store: store, encoder: encoder))
    return Report(grouping: try draft.create(in: store, name: name), fields: draft.fields)
  }
}

/// A grouping that is not yet created.
struct GroupingDraft {
  /// What a kind may ask for while it makes one.
  struct Context {
    let store: Store
    let encoder: (EmbeddingSpace) throws -> (any TextEncoder)?
  }

  var definition: GroupingDefinition
  /// The bytes that the definition only names.
  var material: [UInt8] = []
  /// What is to be said of it beside its definition.
  var fields: [GroupingField] = []

  init(_ definition: GroupingDefinition) { self.definition = definition }

  func create(in store: Store, name: String) throws -> GroupingRecord {
    try store.write { try $0.createGrouping(name: name, definition: definition, material: material) }
  }
}
