/// Takes the answer to a statement while it is computed, on the thread that asks.
package struct AnswerReceiver {
  /// Called once, before the first row, with the names as the statement gives them.
  let columns: ([String]) throws -> Void
  /// Called for each row, with one value a column. What it throws ends the statement.
  let row: ([CatalogValue]) throws -> Void
  /// Called before the error that says that the statement is wrong: where, in bytes from its beginning.
  let mistake: (Int) -> Void

  package init(
    columns: @escaping ([String]) throws -> Void, row: @escaping ([CatalogValue]) throws -> Void,
    mistake: @escaping (Int) -> Void = { _ in }
  ) {
    self.columns = columns
    self.row = row
    self.mistake = mistake
  }
}
