import ArgumentParser
import CohortStore

/// Names of things in the store, for shells that complete them. The store is the one that the line so far names; where
/// there is none, nothing is offered.
enum StoreNames {
  static let groupings = completion { try $0.groupings().map(\.name) }
  static let snapshots = completion { try $0.snapshots().map(\.name) }
  static let selections = completion { try $0.selections().map(\.name) }
  static let maps = completion { try $0.maps().map(\.name) }
  static let plans = completion { try $0.plans().map(\.name) }
  static let queries = completion { try $0.queries().map(\.name) }
  static let runs = completion { try $0.runs().map(\.name) }
  static let sources = completion { try $0.sources().map(\.name) }
  static let tasks = completion { try $0.tasks().map(\.name) }
  static let spaces = completion { try $0.spaces().map(\.name) }
  static let measures = completion { try $0.measures().map(\.name) }

  private static func completion(
    _ names: @escaping @Sendable (borrowing ReadTransaction) throws -> [String]
  ) -> CompletionKind {
    .custom { arguments, _, prefix in
      do {
        let sources = Configuration.Sources(
          flags: flags(arguments), environment: Session.environment, processors: 1)
        let path = try Configuration.resolve(sources).text(.store)
        return try Store.open(at: path).read { try names($0) }.filter { $0.hasPrefix(prefix) }
      } catch {
        // A shell in the middle of a line has no place for an error.
        return []
      }
    }
  }

  private static func flags(_ arguments: [String]) -> [Setting: (text: String, name: String)] {
    for (i, argument) in arguments.enumerated() {
      if argument.hasPrefix("--store=") {
        return [.store: (String(argument.dropFirst("--store=".count)), "--store")]
      }
      if argument == "--store", i + 1 < arguments.count { return [.store: (arguments[i + 1], "--store")] }
    }
    return [:]
  }
}
