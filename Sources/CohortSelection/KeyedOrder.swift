internal import CohortCore

/// The order of a keyed hash of ids: the only chance in a selection. A row's place in it depends on the seed and its own
/// id, so rows that come or go change nothing about the order of the others.
public struct KeyedOrder: Hashable, Sendable {
  private let key: UInt64

  /// - Parameter purpose: tells orders of one seed apart.
  public init(seed: UInt64, purpose: UInt64 = 0) { key = Mixing.key(0x636f_6865_7365_7473, seed, purpose) }

  /// The hash of an id; different ids of one key have different hashes.
  public func hash(_ id: UInt64) -> UInt64 { Mixing.finalize(Mixing.finalize(id ^ key) &+ key) }

  /// The first `count` of some rows, in order.
  /// - Parameter ids: the ids of all rows, which `rows` are indices of.
  /// - Complexity: O(n + c log c) expected for c of n rows.
  public func first(_ count: Int, of rows: some Collection<UInt32>, ids: [UInt64]) -> [UInt32] {
    guard count > 0 else { return [] }
    // Enough hashes lie below this bound almost always: the mean is ten standard deviations above what is wanted.
    let share = (Double(count) + 10 * Double(count).squareRoot() + 16) / Double(max(rows.count, 1))
    var found: [(hash: UInt64, row: UInt32)] = []
    if share < 0.5 {
      let bound = UInt64(share * 0x1p64)
      for row in rows {
        let hash = hash(ids[Int(row)])
        if hash < bound { found.append((hash, row)) }
      }
    }
    if found.count < count { found = rows.map { (hash(ids[Int($0)]), $0) } }
    found.sort { $0.hash != $1.hash ? $0.hash < $1.hash : $0.row < $1.row }
    return found.prefix(count).map(\.row)
  }
}
