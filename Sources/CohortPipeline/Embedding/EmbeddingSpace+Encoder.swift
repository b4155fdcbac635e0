public import CohortEmbedding
public import CohortProviders
public import CohortStore

extension EmbeddingSpace {
  /// The setting of a built-in encoder's recipe that names its model.
  static let modelSetting = "model"
  /// The provider of static models in the store.
  static let builtinProvider = "builtin"

  /// Whether the vectors come with the samples, and no encoder makes them.
  public var isGiven: Bool { provider == IngestJob.givenProvider }

  /// The model of the store's library that makes the vectors; nil when something else does.
  var storedModel: String? { provider == Self.builtinProvider ? recipe[Self.modelSetting] : nil }

  /// Opens the model of the store's library that makes the space's vectors; nil when something else does. No server is asked.
  /// - Throws: `pipeline.no-model` when the model is gone, `pipeline.other-model` when it was changed.
  public func openBuiltinEncoder(in store: Store) throws -> StaticEncoder? {
    try storedModel.map { try ModelLibrary(store).encoder(named: $0, makes: self) }
  }

  /// Opens what makes the space's vectors; nil when they are given.
  /// - Parameters:
  ///   - workers: how many threads a built-in encoder may use.
  ///   - options: for an encoder that is a server.
  /// - Throws: `pipeline.no-model` when its model is gone, `pipeline.other-model` when it was changed; what connecting to a server throws,
  ///   `embedding.model-changed` above all.
  public func openEncoder(
    in store: Store, workers: Int, options: ServerOptions = ServerOptions()
  ) throws -> (any TextEncoder)? {
    if isGiven { return nil }
    if let model = storedModel {
      return try ModelLibrary(store).encoder(named: model, makes: self, concurrency: workers)
    }
    let configuration = try ProviderConfiguration(fields: recipe.settings.map { ($0.name, $0.value) })
    return try ServerEncoder(
      connecting: configuration, key: try APIKey.read(configuration.key),
      expecting: recipe.probe.isEmpty ? nil : try EncoderProbe(decoding: recipe.probe), options: options)
  }
}
