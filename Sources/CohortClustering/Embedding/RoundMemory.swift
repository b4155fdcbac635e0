internal import CohortSystem
internal import CohortVectors

/// What a round leaves for the next one to be faster, and nothing depends on. Copies of a state share it: whoever takes
/// it has it alone, and the next one begins with nothing.
final class RoundMemory: Sendable {
  private let products = Locked<ColumnProducts?>(nil)

  func takeProducts() -> ColumnProducts {
    products.withLock { kept in
      defer { kept = nil }
      return kept ?? ColumnProducts()
    }
  }

  func keep(_ known: ColumnProducts) { products.withLock { $0 = known } }

  func forget() { products.withLock { $0 = nil } }
}
