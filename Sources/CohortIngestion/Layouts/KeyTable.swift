internal import CohortSystem

/// The few keys a shape knows, in one run of memory, so that finding one costs no allocation and no reference count.
///
/// Sendable because nothing changes after `init`.
final class KeyTable: @unchecked Sendable {
  private struct Entry {
    var start: Int
    var count: Int
    var slots: UInt32
  }

  private let entries: UnsafeMutableBufferPointer<Entry>
  private let bytes: UnsafeMutableBufferPointer<UInt8>

  /// A key may fill several slots.
  init(_ keys: [(key: String, slot: FieldSlot)]) {
    var slots: [String: UInt32] = [:]
    var order: [String] = []
    for (key, slot) in keys {
      if slots[key] == nil { order.append(key) }
      slots[key, default: 0] |= slot.bit
    }
    bytes = .allocate(capacity: max(1, order.reduce(0) { $0 + $1.utf8.count }))
    bytes.initialize(repeating: 0)
    entries = .allocate(capacity: order.count)
    var start = 0
    for (index, key) in order.enumerated() {
      for (offset, byte) in key.utf8.enumerated() { bytes[start + offset] = byte }
      entries.initializeElement(at: index, to: Entry(start: start, count: key.utf8.count, slots: slots[key] ?? 0))
      start += key.utf8.count
    }
  }

  deinit {
    bytes.deallocate()
    entries.deallocate()
  }

  /// The slots of a key as bits (`FieldSlot.bit`), 0 for an unknown key.
  @inline(__always)
  func slots(of key: UnsafeTape.Text) -> UInt32 {
    guard let name = key.baseAddress, let known = bytes.baseAddress else { return 0 }
    for entry in entries where entry.count == key.count {
      if memcmp(known + entry.start, name, entry.count) == 0 { return entry.slots }
    }
    return 0
  }
}
