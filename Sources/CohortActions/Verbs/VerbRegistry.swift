/// Every verb that a store answers to by request. Taking in samples is not among them: a request streams those.
///
/// A new verb is a value in `Registered` and a place in one of its lists; its route and its part of the OpenAPI document
/// come of themselves.
public enum VerbRegistry {
  /// In the order of the OpenAPI document.
  public static let verbs: [Verb] =
    store + queries + samples + groupings + lengths + spaces + snapshots + selections + maps + plans + training
    + updates

  /// The verb of a name; nil when there is none.
  public static func verb(named name: String) -> Verb? { verbs.first { $0.name == name } }
}
