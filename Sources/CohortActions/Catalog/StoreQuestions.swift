internal import CohortCore
internal import CohortEmbedding
internal import CohortPipeline
internal import CohortStore
internal import CohortTables

/// What the tables of a store ask of the jobs while a statement runs: vectors of texts, and names of groups. Kept for one
/// statement.
final class StoreQuestions {
  private let store: Store
  private var encoders: [String: StaticEncoder] = [:]

  init(_ store: Store) { self.store = store }

  var services: TableSession.Services {
    TableSession.Services(
      encode: { text, space in try self.vector(of: text, in: space) },
      labels: { grouping in try self.labels(of: grouping) },
      followSearch: { SearchUpkeep.follow(self.store, mustStop: $0) }, dropSearch: { SearchUpkeep.drop(self.store) })
  }

  /// Groups of a grouping that get labels: some members of each are read for that, and nobody looks at the clock meanwhile.
  private static let mostLabels = 1000

  /// The words that set the groups of a grouping apart; none where there are very many groups.
  private func labels(of name: String) throws -> [GroupID: String] {
    let count = try store.read { try $0.groups(of: try $0.existingGrouping(name).id).count(where: \.isOpen) }
    guard count <= Self.mostLabels else { return [:] }
    let groups = try GroupListing.list(store, grouping: name)
    return Dictionary(uniqueKeysWithValues: groups.map { ($0.group, $0.label) })
  }

  /// The vector of a text, by the model that lies in the store. A question asks no server: that would let whoever may ask make
  /// the process talk to others.
  /// - Throws: `store.unknown-embedding-space`; `tables.not-here` for a space whose vectors another encoder makes.
  private func vector(of text: String, in name: String?) throws -> [Float]? {
    let space = try store.read { try $0.spaceOrDefault(name) }
    let encoder = try encoders[space.name] ?? open(space)
    encoders[space.name] = encoder
    guard let encoded = try encoder.encode([text]).first else { return nil }
    switch encoded {
    case .vector(let vector): return vector
    case .none: return nil
    case .refused(let reason):
      throw CohortError(.tablesArgument, "The encoder does not take this text", cause: reason)
    }
  }

  private func open(_ space: EmbeddingSpace) throws -> StaticEncoder {
    guard let encoder = try space.openBuiltinEncoder(in: store) else {
      throw CohortError(
        .tablesNotHere, "No built-in encoder makes the vectors of space \"\(space.name)\"",
        cause: "they come from \(space.provider)",
        hint: "Give a vector: a sample's from the table embeddings, or vector_from_json('[…]')")
    }
    return encoder
  }
}
