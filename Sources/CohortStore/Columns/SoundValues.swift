/// Chunks of columns and pieces of memberships that a transaction found right, so that each is checked once, and not each
/// time a row of it is read. Ends with its transaction: the next one checks anew, and finds damage that came meanwhile.
///
/// Used by one transaction, on one thread. Memory is bounded: of more than `limit` values some are checked again.
final class SoundValues {
  /// What a value is stored under.
  struct Key: Hashable {
    private let table: UInt64
    private let value: UInt64

    /// - Parameter key: of a chunk in the table of columns.
    init(chunk key: UInt64) { (table, value) = (0, key) }

    init(piece: UInt32, of grouping: UInt32, in snapshot: UInt32) {
      table = 1 << 32 | UInt64(snapshot)
      value = UInt64(grouping) << 32 | UInt64(piece)
    }
  }

  static let limit = 1 << 17

  /// How many checksums of chunks and pieces were computed.
  private(set) var verifications: UInt64 = 0
  /// The first ones, found without hashing: many transactions read no more.
  private var first: (Key?, Key?, Key?, Key?) = (nil, nil, nil, nil)
  private var others: Set<Key> = []
  private var last: Key?

  func contains(_ key: Key) -> Bool {
    if key == last { return true }
    guard isFirst(key) || !others.isEmpty && others.contains(key) else { return false }
    last = key
    return true
  }

  private func isFirst(_ key: Key) -> Bool { key == first.0 || key == first.1 || key == first.2 || key == first.3 }

  /// - Parameter isVerified: whether its checksum was computed for that.
  func insert(_ key: Key, isVerified: Bool = true) {
    if isVerified { verifications += 1 }
    last = key
    if first.0 == nil {
      first.0 = key
    } else if first.1 == nil {
      first.1 = key
    } else if first.2 == nil {
      first.2 = key
    } else if first.3 == nil {
      first.3 = key
    } else {
      if others.count >= Self.limit { others.removeAll(keepingCapacity: true) }
      others.insert(key)
    }
  }

  /// What was written anew, or removed, is checked again.
  func forget(_ key: Key) {
    if last == key { last = nil }
    if first.0 == key { first.0 = nil }
    if first.1 == key { first.1 = nil }
    if first.2 == key { first.2 = nil }
    if first.3 == key { first.3 = nil }
    others.remove(key)
  }
}
