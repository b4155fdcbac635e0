internal import CohortKernels
internal import Synchronization

/// What rounds leave for the next one to be faster, and nothing depends on. Copies of a state share it: whoever takes
/// something has it alone, and the next one begins with nothing.
final class RoundMemory: Sendable {
  private let products = Mutex<CentroidProducts?>(nil)
  private let lanes = Mutex<[Lane]>([])

  func takeProducts() -> CentroidProducts {
    products.withLock { kept in
      defer { kept = nil }
      return kept ?? CentroidProducts()
    }
  }

  func keep(_ known: CentroidProducts) { products.withLock { $0 = known } }

  /// Workers' buffers.
  func takeLanes(_ count: Int, dimension: Int, _ path: cohort_path) -> [Lane] {
    let kept = lanes.withLock { kept in
      defer { kept = [] }
      return kept
    }
    let usable = kept.filter { $0.path == path && $0.block.dimension == dimension }.prefix(count)
    return usable + (usable.count..<count).map { _ in Lane(dimension: dimension, path: path) }
  }

  /// - Parameter used: with nothing left in them that was not collected.
  func keep(_ used: [Lane]) { lanes.withLock { $0 = used } }
}
