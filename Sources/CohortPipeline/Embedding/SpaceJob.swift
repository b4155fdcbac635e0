internal import CohortCore
public import CohortStore

/// Adds embedding spaces whose vectors the store makes.
public enum SpaceJob {
  /// The name of the space that is made when one is needed and there is none.
  public static let defaultName = IngestRequest.defaultSpace

  /// A space of a static model.
  /// - Parameter model: the name of one in the store's library; nil for the one that is part of the program, which is put
  ///   there if need be.
  public static func create(
    _ store: Store, name: String = defaultName, model: String? = nil, text: EmbeddedText = .prompt
  ) throws -> EmbeddingSpace {
    let library = ModelLibrary(store)
    let known = try model.map { try library.model(named: $0) } ?? library.addBundled()
    return try store.write { try create(known, name: name, text: text, in: $0) }
  }

  /// A space of a model that is in the store's library.
  public static func create(
    _ model: ModelLibrary.Model, name: String = defaultName, text: EmbeddedText,
    in transaction: borrowing WriteTransaction
  ) throws -> EmbeddingSpace {
    try transaction.createSpace(
      name: name, provider: EmbeddingSpace.builtinProvider, fingerprint: model.fingerprint, dimension: model.dimension,
      recipe: EmbeddingRecipe(
        text: text, settings: [EmbeddingRecipe.Setting(name: EmbeddingSpace.modelSetting, value: model.name)]))
  }

  /// The space to group by: the one named, or else the default (`ReadTransaction.defaultSpace`). A store without any gets
  /// one of the model that is part of the program, unless its configuration says that its vectors are given.
  /// - Throws: `store.unknown-embedding-space`; `pipeline.no-space`, `pipeline.several-spaces`.
  public static func chosen(_ store: Store, named name: String?) throws -> EmbeddingSpace {
    let (spaces, standard) = try store.read { (try $0.spaces(), try $0.defaultSpace()) }
    if let name {
      guard let space = spaces.first(where: { $0.name == name }) else {
        throw CohortError.unknown("embedding-space", name, known: spaces.map(\.name))
      }
      return space
    }
    if let standard { return standard }
    guard spaces.isEmpty else {
      throw CohortError(
        .pipelineSeveralSpaces, "The store has several embedding spaces, and none was made the default",
        hint:
          "Choose one with --space: \(spaces.map(\.name).joined(separator: ", ")); or for good: cohort space default NAME"
      )
    }
    guard store.configuration.makesVectors else {
      throw CohortError(
        .pipelineNoSpace, "The store has no vectors yet, and is to be given them",
        hint: "Ingest with --embeddings FILE.npy, or make them here: cohort space create default")
    }
    do {
      return try create(store)
    } catch let error as CohortError {
      // Somebody else may have made one meanwhile.
      guard let standard = try store.read({ try $0.defaultSpace() }) else { throw error }
      return standard
    }
  }
}
