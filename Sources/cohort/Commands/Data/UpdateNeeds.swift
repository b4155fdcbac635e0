import CohortCore
import CohortEmbedding
import CohortPipeline
import CohortStore

/// Embedding spaces and length measures, by name, that groupings need.
struct UpdateNeeds {
  private(set) var spaces: [String]
  private(set) var measures: [String]

  /// All spaces whose vectors are made and all measures, or only those that one grouping needs.
  init(_ transaction: borrowing ReadTransaction, grouping: String?) throws {
    spaces = try transaction.spaces().filter { !$0.isGiven }.map(\.name)
    measures = try transaction.measures().map(\.name)
    guard let grouping else { return }
    let needed = try transaction.groupings().needs(of: grouping)
    spaces.removeAll { !needed.spaces.contains($0) }
    measures.removeAll { !needed.measures.contains($0) }
  }
}

/// What an update could not do because a model, a tokenizer or a server failed, while the rest went on.
struct UndoneWork {
  private var spaces: [String] = []
  private var measures: [String] = []
  private var first: (CohortError)?

  mutating func collect(space: String, _ body: () throws -> Void) throws {
    if try !succeeds(body) { spaces.append(space) }
  }

  mutating func collect(measure: String, _ body: () throws -> Void) throws {
    if try !succeeds(body) { measures.append(measure) }
  }

  /// - Throws: what stops everything: the store's own errors, and an interruption.
  private mutating func succeeds(_ body: () throws -> Void) throws -> Bool {
    do {
      try body()
      return true
    } catch {
      guard let error = error as? CohortError, [.embedding, .pipeline].contains(error.code.module),
        error.category != .interrupted
      else { throw error }
      first = first ?? error
      return false
    }
  }

  /// The first failure, with all that it and others left undone; nil when there was none.
  func error(_ transaction: borrowing ReadTransaction) throws -> CohortError? {
    guard let first else { return nil }
    let groupings = try transaction.groupings()
    let waiting = groupings.map(\.name).filter { name in
      let needed = groupings.needs(of: name)
      return !needed.spaces.isDisjoint(with: spaces) || !needed.measures.isDisjoint(with: measures)
    }
    let parts = [("embedding spaces", spaces), ("length measures", measures), ("groupings", waiting)]
      .filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
    return CohortError(
      first.code, category: first.category,
      "\(first.message). Not up to date: \(parts.joined(separator: "; ")). The rest is done",
      place: first.place, cause: first.cause, hint: first.hint)
  }
}
