internal import CohortSystem

/// Memory of blocks that are done with, for the blocks to come: fresh memory costs a page fault every 4 KiB.
///
/// Guard of the unchecked conformance: pieces are in the list or with one block, never both.
final class BlockMemoryPool: @unchecked Sendable {
  /// Bytes of each piece, without the padding.
  let capacity: Int
  private let limit: Int
  private let free = Locked<[UnsafeMutablePointer<UInt8>]>([])

  /// Keeps at most `limit` pieces.
  init(capacity: Int, limit: Int) {
    self.capacity = capacity
    self.limit = limit
  }

  deinit {
    free.withLock { free in for memory in free { memory.deallocate() } }
  }

  func take() -> UnsafeMutablePointer<UInt8> {
    free.withLock { $0.popLast() } ?? Self.allocate(capacity)
  }

  func give(_ memory: UnsafeMutablePointer<UInt8>) {
    let isKept = free.withLock { free in
      if free.count < limit { free.append(memory) }
      return free.last == memory
    }
    if !isKept { memory.deallocate() }
  }

  static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + JSONParser.padding)
    (memory + capacity).initialize(repeating: 0, count: JSONParser.padding)
    return memory
  }
}
