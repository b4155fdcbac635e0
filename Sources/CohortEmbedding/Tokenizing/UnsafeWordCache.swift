/// The ids of words that were seen before. A memory of a function's results, so it changes no result.
///
/// Holds a bounded number of words and forgets all of them when it is full.
struct UnsafeWordCache: ~Copyable {
  private struct Slot {
    var hash: UInt64
    var key: UInt32
    /// The id itself when there is one, else where they are in `ids`.
    var ids: UInt32
    var length: UInt16
    var count: UInt16
  }

  /// Longer words are rare, and a text may be one long word.
  static let longestWord = 64
  private static let slotCount = 1 << 14
  private static let mostWords = slotCount / 2

  private let slots: UnsafeMutableBufferPointer<Slot>
  private var keys = UnsafeGrowingBuffer<UInt8>(capacity: 1 << 16)
  private var ids = UnsafeGrowingBuffer<UInt32>(capacity: 1 << 12)
  private var words = 0

  init() {
    slots = .allocate(capacity: Self.slotCount)
    slots.initialize(repeating: Slot(hash: 0, key: 0, ids: 0, length: 0, count: 0))
  }

  deinit { slots.deallocate() }

  /// Appends the ids of a word; false when it is not known.
  @inline(__always)
  func find(_ word: UTF8Text, hash: UInt64, into output: inout UnsafeGrowingBuffer<UInt32>) -> Bool {
    var index = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
    while true {
      let slot = slots[index]
      if slot.length == 0 { return false }
      if slot.hash == hash, Int(slot.length) == word.count, word.isEqual(keys.start + Int(slot.key)) {
        if slot.count == 1 {
          output.append(slot.ids)
        } else {
          output.append(contentsOf: ids.view(Int(slot.ids)..<(Int(slot.ids) + Int(slot.count))))
        }
        return true
      }
      index = (index + 1) & (Self.slotCount - 1)
    }
  }

  /// Remembers a word of 1 to `longestWord` bytes that `find` did not know.
  mutating func insert(_ word: UTF8Text, hash: UInt64, ids new: UnsafeBufferPointer<UInt32>) {
    guard !word.isEmpty, word.count <= Self.longestWord, new.count <= 256 else { return }
    if words == Self.mostWords { removeAll() }
    var index = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
    while slots[index].length != 0 { index = (index + 1) & (Self.slotCount - 1) }
    let place = new.count == 1 ? new[0] : UInt32(ids.count)
    slots[index] = Slot(
      hash: hash, key: UInt32(keys.count), ids: place, length: UInt16(word.count), count: UInt16(new.count))
    keys.append(contentsOf: word)
    if new.count != 1 { ids.append(contentsOf: new) }
    words += 1
  }

  private mutating func removeAll() {
    slots.update(repeating: Slot(hash: 0, key: 0, ids: 0, length: 0, count: 0))
    keys.removeAll()
    ids.removeAll()
    words = 0
  }
}
