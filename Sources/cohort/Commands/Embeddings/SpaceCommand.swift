import ArgumentParser
import CohortCore
import CohortPipeline
import CohortProviders
import CohortStore

/// `cohort space`
struct SpaceCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "space", abstract: "Embedding spaces: which text, by which model. Vectors of two never mix.",
    discussion: examples(
      "cohort space create answers --text response", "cohort space list", "cohort space show answers",
      "cohort space default answers", "cohort space drop default"),
    subcommands: [SpaceCreate.self, SpaceList.self, SpaceShow.self, SpaceDefault.self, SpaceDrop.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort space create`
struct SpaceCreate: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Add an embedding space whose vectors the store makes.",
    discussion: examples(
      "cohort space create default", "cohort space create answers --text response",
      "cohort space create fine --model potion-base-8M --text both",
      "cohort space create bge --provider openai --url http://localhost:8000 --model BAAI/bge-small-en-v1.5",
      text: """
        The space starts empty; 'cohort embed' or 'cohort update' fills it, and keeps it full as data arrives. A space \
        for vectors that you give needs no command: ingest them with --embeddings FILE.npy --space NAME. Without \
        --provider the model is one of the store's ('cohort model list'), or the one that is part of this program; with \
        it a server makes the vectors ('cohort embed check' tries one). Keys are never kept, only where to find them.
        """))

  @Argument(help: "The space's name.") var name: String
  @Option(help: "Which text is embedded.") var text = EmbeddedTextArgument(.prompt)
  @Option(help: "The interface of a server that makes the vectors.") var provider: ProviderKindArgument?
  @OptionGroup(title: "Embedding server") var server: ProviderArguments
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    try server.check(for: provider?.kind, of: "--provider", exceptFor: ["model"])
  }

  func execute(_ session: Session) throws -> Outcome {
    try NameRule.check(name, of: "space")
    let store = try session.writableStore(for: "space create")
    let space: EmbeddingSpace
    if let provider {
      let model = try server.ask(provider.kind, session)
      space = try store.write { try model.createSpace(name, text: text.text, in: $0) }
    } else {
      space = try SpaceJob.create(store, name: name, model: server.model, text: text.text)
    }
    try session.output.record(space.output)
    return .done
  }
}

/// `cohort space list`
struct SpaceList: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the embedding spaces and how full they are.",
    discussion: examples("cohort space list", "cohort space list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let records = try session.read { transaction in
      let standard = try transaction.defaultSpace()?.id
      return try transaction.spaces().map { space in
        var record = space.output.adding(try transaction.vectorCounts(in: space))
        record.append("default", .boolean(space.id == standard))
        return record
      }
    }
    try session.output.list(EmbeddingSpace.columns, records)
    return .done
  }
}

/// `cohort space show`
struct SpaceShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a space, and the samples whose text its encoder refuses.",
    discussion: examples("cohort space show default", "cohort space show default --json"))

  @Argument(help: "The space's name.", completion: StoreNames.spaces) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let (space, counts, refused) = try session.read { transaction in
      let space = try transaction.existingSpace(name)
      return (space, try transaction.vectorCounts(in: space), try transaction.refusedSamples(in: space))
    }
    var record = space.output.adding(counts)
    record.append("settings", .record(OutputRecord(space.recipe.settings.map { ($0.name, .text($0.value)) })))
    record.append(
      "refused_samples", .list(refused.map { .record(["id": .id($0.id), "reason": .text($0.reason)]) }))
    try session.output.record(record)
    return .done
  }
}

extension EmbeddingSpace {
  static let columns: [Column] = [
    "name", "default", "text", "provider", "model", "dimension", "vectors", "pending", "without_vector", "refused",
    .hidden("fingerprint"), .hidden("element"),
  ]

  /// The name of the model that makes the vectors; nil when they are given.
  var model: String? { recipe["model"] }

  var output: OutputRecord {
    [
      "name": .text(name), "text": isGiven ? .null : .text(recipe.text.name), "provider": .text(provider),
      "model": .optional(model), "dimension": .count(dimension), "element": .text("\(element)"),
      "fingerprint": .text(fingerprint),
    ]
  }
}

extension OutputRecord {
  /// With how many samples are in which state.
  func adding(_ counts: VectorCounts) -> OutputRecord {
    var record = self
    record.append("vectors", .count(counts.present))
    record.append("pending", .count(counts.pending))
    record.append("without_vector", .count(counts.none))
    record.append("refused", .count(counts.refused))
    return record
  }
}
