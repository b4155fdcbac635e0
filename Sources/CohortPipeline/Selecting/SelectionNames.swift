internal import CohortCore
internal import CohortStore

extension ReadTransaction {
  /// Refuses a name that a selection cannot get, before any work is done.
  /// - Throws: `store.name`, `store.selection-exists`.
  func checkNew(selection name: String) throws {
    try NameRule.check(name, of: "selection")
    guard try selection(named: name) == nil else { throw CohortError.selectionExists(name) }
  }
}

extension CohortError {
  static func selectionExists(_ name: String) -> CohortError {
    CohortError(
      ErrorCode(.store, "selection-exists", .usage), "There is already a selection named \"\(name)\"",
      hint: "Choose another name, or drop the old one first")
  }
}
