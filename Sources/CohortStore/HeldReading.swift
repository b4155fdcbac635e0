internal import CohortCore
internal import CohortLMDB

/// A consistent state of the whole store that lasts until it is ended, where `Store.read` would end it with its closure.
/// Everything that it reads is checked as there. Buffers and chunks that it lends are valid until it ends.
///
/// Nothing that it can see is freed meanwhile, so whoever holds one for long makes the data file grow.
///
/// Used by one thread at a time.
package final class HeldReading {
  private let held: HeldTransaction
  private let transaction: ReadTransaction

  fileprivate init(_ held: HeldTransaction, _ transaction: consuming ReadTransaction) {
    self.held = held
    self.transaction = transaction
  }

  /// Whether it has not been ended.
  package var isOpen: Bool { held.transaction != nil }

  /// Lends the transaction to `body`.
  /// - Throws: `store.reading-ended` after `end`; what `body` throws.
  package func read<R>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R {
    guard isOpen else { throw CohortError(.storeReadingEnded, "The state of the store that was read is let go of") }
    return try body(transaction)
  }

  /// Lets go of the state.
  package func end() { held.end() }
}

extension Store {
  /// Begins to read a state of the store that lasts until it is ended. In a child that was forked since the store was
  /// opened it throws, as `read` does.
  package func holdReading() throws -> HeldReading {
    let held = try environment.hold()
    guard let unsafe = held.transaction else { throw CohortError(.storeReadingEnded, "The store cannot be read") }
    return HeldReading(held, try ReadTransaction(unsafe, base: unsafe.number, tables: tables, codecs: codecs))
  }
}
