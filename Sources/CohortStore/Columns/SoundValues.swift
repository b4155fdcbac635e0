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
  private var known: Set<Key> = []
  private var last: Key?

  func contains(_ key: Key) -> Bool {
    if key == last { return true }
    guard known.contains(key) else { return false }
    last = key
    return true
  }

  /// - Parameter isVerified: whether its checksum was computed for that.
  func insert(_ key: Key, isVerified: Bool = true) {
    if isVerified { verifications += 1 }
    if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
    known.insert(key)
    last = key
  }

  /// What was written anew, or removed, is checked again.
  func forget(_ key: Key) {
    known.remove(key)
    if last == key { last = nil }
  }
}
