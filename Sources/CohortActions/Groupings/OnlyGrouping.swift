public import CohortStore
internal import CohortCore

extension Store {
  /// The grouping that is meant: the one that was named, or where nothing was named the only one there is.
  /// - Throws: `cli.usage` when nothing was named, and the store has no grouping or several.
  public func grouping(orOnly name: String?) throws -> String {
    try read { try $0.groupings().map(\.name) }.only(or: name, of: "The store")
  }
}

extension [String] {
  /// One of these groupings: the one that was named, whether it is among them or not, or else the only one.
  /// - Parameter owner: what has them, for the error: `The store`.
  func only(or name: String?, of owner: String) throws -> String {
    if let name { return name }
    if count == 1 { return self[0] }
    let shown = prefix(10).joined(separator: ", ") + (count > 10 ? " and \(count - 10) more" : "")
    throw CohortError.usage(
      isEmpty ? "\(owner) has no grouping" : "\(owner) has several groupings: which one?",
      hint: isEmpty
        ? "Create one: cohort grouping create NAME --by task" : "Say it by --grouping NAME. There are: \(shown)")
  }
}
