internal import CohortSystem

/// What a round leaves for the next one to be faster, and nothing depends on. Copies of a state share it: whoever takes
/// it has it alone, and the next one begins with nothing.
final class RoundMemory: Sendable {
  private let products = Locked<CentroidProducts?>(nil)

  func takeProducts() -> CentroidProducts {
    products.withLock { kept in
      defer { kept = nil }
      return kept ?? CentroidProducts()
    }
  }

  func keep(_ known: CentroidProducts) { products.withLock { $0 = known } }

  func forget() { products.withLock { $0 = nil } }
}
