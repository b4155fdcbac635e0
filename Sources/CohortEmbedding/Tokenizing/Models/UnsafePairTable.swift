/// Which pairs of tokens merge, in which order, into what: a hash table, at most half full.
///
/// Filled by one thread, then only read.
final class UnsafePairTable: @unchecked Sendable {  // Guard: nothing writes after the tokenizer has been made.
  struct Merge: BitwiseCopyable {
    var rank: UInt32
    var id: UInt32
  }

  private let keys: UnsafeMutableBufferPointer<UInt64>
  private let merges: UnsafeMutableBufferPointer<Merge>
  /// A pair that cannot be: ids stay below 2^31.
  private static let empty = UInt64.max

  init(pairs: Int) {
    var size = 64
    while size < pairs * 2 { size *= 2 }
    keys = .allocate(capacity: size)
    keys.initialize(repeating: Self.empty)
    merges = .allocate(capacity: size)
    merges.initialize(repeating: Merge(rank: 0, id: 0))
  }

  deinit {
    keys.deallocate()
    merges.deallocate()
  }

  /// At most as many pairs as the table was made for.
  func insert(_ first: UInt32, _ second: UInt32, _ merge: Merge) {
    let slot = slot(of: UInt64(first) << 32 | UInt64(second))
    keys[slot] = UInt64(first) << 32 | UInt64(second)
    merges[slot] = merge
  }

  @inline(__always)
  func merge(_ first: UInt32, _ second: UInt32) -> Merge? {
    let key = UInt64(first) << 32 | UInt64(second)
    let slot = slot(of: key)
    return keys[slot] == key ? merges[slot] : nil
  }

  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    let product = (key ^ 0xa076_1d64_78bd_642f).multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db)
    var slot = Int(truncatingIfNeeded: product.high ^ product.low) & (keys.count - 1)
    while keys[slot] != key, keys[slot] != Self.empty { slot = (slot + 1) & (keys.count - 1) }
    return slot
  }
}
