internal import CohortCore
internal import CohortSystem

/// Tokens and their ids: a hash table over the tokens' UTF-8, open addressing, at most half full.
///
/// Filled by one thread, then only read.
final class UnsafeVocabulary: @unchecked Sendable {  // Guard: nothing writes after the tokenizer has been made.
  private struct Entry {
    var start: Int
    var count: Int
    var id: UInt32
    var hash: UInt32
  }

  private var bytes: UnsafeGrowingBuffer<UInt8>
  private var entries: UnsafeGrowingBuffer<Entry>
  /// Index of an entry + 1, or 0.
  private var slots: UnsafeMutableBufferPointer<UInt32>
  private(set) var longest = 0
  private(set) var largestID: UInt32 = 0

  init(tokens: Int) {
    bytes = UnsafeGrowingBuffer(capacity: tokens * 8 + 16)
    entries = UnsafeGrowingBuffer(capacity: tokens + 16)
    slots = Self.slots(for: tokens)
  }

  deinit { slots.deallocate() }

  var count: Int { entries.count }

  /// Adds a token, or gives it another id.
  func insert(_ token: UTF8Text, id: UInt32) {
    largestID = max(largestID, id)
    let hash = Self.hash(token)
    let slot = slot(of: token, hash: hash)
    if slots[slot] != 0 {
      entries[Int(slots[slot]) - 1].id = id
      return
    }
    entries.append(Entry(start: bytes.count, count: token.count, id: id, hash: UInt32(truncatingIfNeeded: hash >> 32)))
    bytes.append(contentsOf: token)
    longest = max(longest, token.count)
    slots[slot] = UInt32(entries.count)
    if entries.count * 2 > slots.count { rehash() }
  }

  @inline(__always)
  func id(of token: UTF8Text) -> UInt32? {
    let found = slots[slot(of: token, hash: Self.hash(token))]
    return found == 0 ? nil : entries[Int(found) - 1].id
  }

  func id(of token: String) -> UInt32? {
    var token = token
    return token.withUTF8 { id(of: $0) }
  }

  /// Calls `body` with every token and its id, in the order of insertion.
  func forEach(_ body: (UTF8Text, UInt32) throws(CohortError) -> Void) throws(CohortError) {
    for index in 0..<entries.count {
      let entry = entries[index]
      try body(bytes.view(entry.start..<(entry.start + entry.count)), entry.id)
    }
  }

  /// The slot that holds the token, or the empty one where it would go.
  @inline(__always)
  private func slot(of token: UTF8Text, hash: UInt64) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      let entry = entries[Int(slots[slot]) - 1]
      if entry.hash == UInt32(truncatingIfNeeded: hash >> 32), entry.count == token.count,
        token.isEqual(bytes.start + entry.start)
      {
        return slot
      }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private func rehash() {
    slots.deallocate()
    slots = Self.slots(for: entries.count * 2)
    for index in 0..<entries.count {
      let token = bytes.view(entries[index].start..<(entries[index].start + entries[index].count))
      slots[slot(of: token, hash: Self.hash(token))] = UInt32(index + 1)
    }
  }

  private static func slots(for tokens: Int) -> UnsafeMutableBufferPointer<UInt32> {
    var size = 64
    while size < tokens * 2 { size *= 2 }
    let slots = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: size)
    slots.initialize(repeating: 0)
    return slots
  }

  /// A hash of bytes: products of eight at a time, folded.
  @inline(__always)
  static func hash(_ bytes: UTF8Text) -> UInt64 {
    guard let start = bytes.baseAddress else { return 0x9e37_79b9_7f4a_7c15 }
    let raw = UnsafeRawPointer(start)
    let count = bytes.count
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
    if count >= 8 {
      var index = 0
      while index + 8 <= count {
        hash = fold(hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        index += 8
      }
      return fold(hash ^ raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
    }
    if count >= 4 {
      let low = UInt64(raw.loadUnaligned(as: UInt32.self))
      let high = UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
      return fold(hash ^ (low | high << 32))
    }
    guard count > 0 else { return hash }
    return fold(hash ^ (UInt64(start[0]) | UInt64(start[count / 2]) << 8 | UInt64(start[count - 1]) << 16))
  }

  @inline(__always)
  private static func fold(_ value: UInt64) -> UInt64 {
    let product = (value ^ 0xa076_1d64_78bd_642f).multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db)
    return product.high ^ product.low
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether the bytes at `other` are the same; there must be as many.
  @inline(__always)
  func isEqual(_ other: UnsafePointer<UInt8>) -> Bool {
    guard let start = baseAddress else { return true }
    return memcmp(start, other, count) == 0
  }
}
