internal import CohortCore

/// A pseudo-random permutation of `[0, count)`, chosen by a 64-bit key, computed value by value in either direction.
/// The same on every platform and release: plans depend on it.
///
/// Up to 256 values it is a keyed Fisher-Yates shuffle (exact: every permutation is reachable and equally likely), as
/// a table of at most 256 bytes; above, a Feistel network.
///
/// Complexity: made in O(min(count, 256)); a value in O(1); the inverse in O(1) above 256, else O(count).
public struct KeyedPermutation: Sendable {
  /// How many values are permuted; indices and values are below it.
  public let count: UInt64
  private let table: [UInt8]
  private let network: FeistelNetwork?

  /// The greatest count that is shuffled as a table.
  static let greatestTable: UInt64 = 256

  /// The permutation of `count` values that `key` chooses.
  /// - Precondition: `count <= 2⁶²`.
  public init(count: UInt64, key: UInt64) {
    self.count = count
    if count > Self.greatestTable {
      table = []
      network = FeistelNetwork(count: count, key: key)
    } else {
      table = Self.shuffled(Int(count), key: key)
      network = nil
    }
  }

  /// The value at an index.
  /// - Precondition: `index < count`.
  public subscript(index: UInt64) -> UInt64 {
    precondition(index < count, "index outside the permutation")
    if let network { return network(index) }
    return UInt64(table[Int(index)])
  }

  /// The index that has a value: the inverse.
  /// - Precondition: `value < count`.
  public func index(of value: UInt64) -> UInt64 {
    precondition(value < count, "value outside the permutation")
    if let network { return network.inverse(value) }
    var index = 0
    while UInt64(table[index]) != value { index += 1 }
    return UInt64(index)
  }

  /// Durstenfeld's shuffle, driven by SplitMix64.
  private static func shuffled(_ count: Int, key: UInt64) -> [UInt8] {
    var values = [UInt8](repeating: 0, count: count)
    for i in 0..<count { values[i] = UInt8(truncatingIfNeeded: i) }
    var random = SplitMix64(seed: key)
    var last = count - 1
    while last > 0 {
      let other = Int(random.next().multipliedFullWidth(by: UInt64(last + 1)).high)
      values.swapAt(last, other)
      last -= 1
    }
    return values
  }
}
