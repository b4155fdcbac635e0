internal import CohortEmbedding
public import CohortProviders
public import CohortStore

/// A model behind a server, as it was found when it was asked: what a space of it is made from.
public struct ServedModel: Sendable {
  private let configuration: ProviderConfiguration
  private let identity: EncoderIdentity
  private let probe: EncoderProbe

  /// Asks the server for the vectors of known texts, by which the model is known again. Nothing is stored.
  /// - Throws: `embedding.no-key`, `embedding.exposed-key`; what connecting a `ServerEncoder` throws.
  public init(
    asking configuration: ProviderConfiguration, options: ServerOptions = ServerOptions()
  ) throws {
    let key = try APIKey.read(configuration.key)
    let encoder = try ServerEncoder(connecting: configuration, key: key, options: options)
    (self.configuration, identity, probe) = (configuration, encoder.identity, encoder.probe)
  }

  /// Makes a space whose vectors come from the server.
  /// - Throws: `store.embedding-space-exists`.
  public func createSpace(
    _ name: String = SpaceJob.defaultName, text: EmbeddedText, in transaction: borrowing WriteTransaction
  ) throws -> EmbeddingSpace {
    try transaction.createSpace(
      name: name, provider: identity.provider, fingerprint: identity.fingerprint, dimension: identity.dimension,
      recipe: EmbeddingRecipe(
        text: text,
        settings: configuration.fields.map { EmbeddingRecipe.Setting(name: $0.name, value: $0.value) },
        probe: probe.encoded()))
  }
}
