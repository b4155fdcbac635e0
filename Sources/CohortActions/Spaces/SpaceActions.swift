internal import CohortCore
public import CohortPipeline
public import CohortProviders
public import CohortStore

/// `space create`: adds an embedding space whose vectors the store makes. It starts empty.
public struct SpaceCreateAction: RecordAction {
  public static let name = "space create"
  public var access: ActionAccess { .updates }
  /// Name of the new space: unique in the store.
  public var space: String
  /// The part of each sample that the encoder is given.
  public var text: EmbeddedText
  /// The server that makes the vectors; nil for a model of the store.
  public var server: ProviderConfiguration?
  /// The store's model that makes them; nil for the one that is part of the program.
  public var model: String?

  public init(
    space: String, text: EmbeddedText = .prompt, server: ProviderConfiguration? = nil, model: String? = nil
  ) {
    self.space = space
    self.text = text
    self.server = server
    self.model = model
  }

  /// Adds the space; its vectors come with the next update.
  /// - Throws: `store.name`, `store.embedding-space-exists`, `pipeline.no-model`; what asking the server throws, and then
  ///   nothing is made.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try NameRule.check(space, of: "space")
    let created: EmbeddingSpace
    if let server {
      let served = try ServedModel(asking: server, control)
      created = try store.write { try served.createSpace(space, text: text, in: $0) }
    } else {
      created = try SpaceJob.create(store, name: space, model: model, text: text)
    }
    return PlainReport(created.record)
  }
}

/// `space list`: each space with its encoder and how many samples are in which state.
public struct SpaceListAction: ListAction {
  public static let name = "space list"
  public static let columns: [ReportColumn] = [
    "name", "default", "text", "provider", "model", "dimension", "vectors", "pending", "without_vector", "refused",
    .hidden("fingerprint"), .hidden("element"),
  ]

  /// Lists every space of the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let rows = try store.read { transaction in
      let standard = try transaction.defaultSpace()?.id
      return try transaction.spaces().map { space in
        var record = space.record.adding(try transaction.vectorCounts(in: space))
        record.append("default", .boolean(space.id == standard))
        return record
      }
    }
    try rows.forEach(row)
  }
}

/// `space show`: a space, and the samples whose text its encoder refuses.
public struct SpaceShowAction: RecordAction {
  public static let name = "space show"
  public var access: ActionAccess { .reads }
  /// Name of the space whose states and refused samples are told.
  public var space: String

  public init(space: String) { self.space = space }

  /// Counts the space's samples by state, and looks up why some were refused.
  /// - Throws: `store.unknown-embedding-space`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try store.read { transaction in
      let found = try transaction.existingSpace(space)
      var record = found.record.adding(try transaction.vectorCounts(in: found))
      record.append("settings", .record(ReportRecord(found.recipe.settings.map { ($0.name, .text($0.value)) })))
      let refused = try transaction.refusedSamples(in: found)
      record.append(
        "refused_samples", .list(refused.map { .record(["id": .id($0.id), "reason": .text($0.reason)]) }))
      return PlainReport(record)
    }
  }
}

/// `space default`: the space that groupings take when none is named.
public struct SpaceDefaultAction: RecordAction {
  public static let name = "space default"
  public var access: ActionAccess { .writes }
  /// Name of the space that becomes the default.
  public var space: String

  public init(space: String) { self.space = space }

  /// Writes the choice, durably, and logs it.
  /// - Throws: `store.unknown-embedding-space`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try store.write { try $0.makeDefault(space: space) }
    return PlainReport(["default": .text(space)])
  }
}

extension ServedModel {
  /// Asks a server what a space of it needs to know, as long as the control lets it.
  init(asking server: ProviderConfiguration, _ control: JobControl) throws {
    var options = ServerOptions()
    options.shouldStop = control.shouldStop
    try self.init(asking: server, options: options)
  }
}

extension EmbeddingSpace {
  /// The name of the model that makes the vectors; nil when they are given.
  var model: String? { recipe["model"] }

  var record: ReportRecord {
    [
      "name": .text(name), "text": isGiven ? .null : .text(recipe.text.name), "provider": .text(provider),
      "model": .optional(model), "dimension": .count(dimension), "element": .text("\(element)"),
      "fingerprint": .text(fingerprint),
    ]
  }
}

extension ReportRecord {
  /// With how many samples are in which state.
  func adding(_ counts: VectorCounts) -> ReportRecord {
    var record = self
    record.append("vectors", .count(counts.present))
    record.append("pending", .count(counts.pending))
    record.append("without_vector", .count(counts.none))
    record.append("refused", .count(counts.refused))
    return record
  }
}
