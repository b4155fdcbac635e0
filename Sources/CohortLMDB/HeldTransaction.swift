/// A read transaction that lasts until it is ended, for readers whose work does not fit into a closure: a cursor that is
/// asked for row after row. Pages that it can see are not reused meanwhile, so the data file grows with what is written.
///
/// Used by one thread at a time, which need not be the one that began it.
package final class HeldTransaction {
  private let environment: Environment
  /// What it sees; nil once it has ended.
  package private(set) var transaction: UnsafeTransaction?

  fileprivate init(_ environment: Environment) throws {
    self.environment = environment
    transaction = try environment.beginReading()
  }

  deinit { end() }

  /// Lets go of the state that it saw. Buffers that it lent are invalid from here on.
  package func end() {
    if let transaction { environment.endReading(transaction) }
    transaction = nil
  }
}

extension Environment {
  /// Begins a read transaction that lasts until it is ended.
  package func hold() throws -> HeldTransaction { try HeldTransaction(self) }
}
