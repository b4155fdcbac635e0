internal import CohortCore
internal import CohortSystem

/// A few keys in one run of memory, so that finding one costs no allocation and no reference count.
///
/// Sendable because nothing changes after `init`.
final class KeyTable: @unchecked Sendable {
  private struct Entry {
    var start: Int
    var count: Int
    var bits: UInt32
  }

  private let entries: UnsafeMutableBufferPointer<Entry>
  private let bytes: UnsafeMutableBufferPointer<UInt8>

  /// Keys in the order in which they are looked for, with what they mean; a key that is there twice means both.
  init(_ keys: [(key: String, bits: UInt32)]) {
    var bits: [String: UInt32] = [:]
    var order: [String] = []
    for (key, meaning) in keys {
      if bits[key] == nil { order.append(key) }
      bits[key, default: 0] |= meaning
    }
    bytes = .allocate(capacity: max(1, order.reduce(0) { $0 + $1.utf8.count }))
    bytes.initialize(repeating: 0)
    entries = .allocate(capacity: order.count)
    var start = 0
    for (index, key) in order.enumerated() {
      for (offset, byte) in key.utf8.enumerated() { bytes[start + offset] = byte }
      entries.initializeElement(at: index, to: Entry(start: start, count: key.utf8.count, bits: bits[key] ?? 0))
      start += key.utf8.count
    }
  }

  deinit {
    bytes.deallocate()
    entries.deallocate()
  }

  /// The place of a key in the table; nil for an unknown one.
  @inline(__always)
  func index(of key: UnsafeTape.Text) -> Int? {
    guard let name = key.baseAddress, let known = bytes.baseAddress else { return nil }
    for index in entries.indices where entries[index].count == key.count {
      if memcmp(known + entries[index].start, name, key.count) == 0 { return index }
    }
    return nil
  }

  /// The same without regard to case and outer spaces.
  func foldedIndex(of key: UnsafeTape.Text) -> Int? {
    var key = key
    while let first = key.first, TextSniffing.isSpace(first) { key = UnsafeTape.Text(rebasing: key.dropFirst()) }
    while let last = key.last, TextSniffing.isSpace(last) { key = UnsafeTape.Text(rebasing: key.dropLast()) }
    // Most keys have the length of few others.
    for index in entries.indices where entries[index].count == key.count {
      let name = UnsafeTape.Text(
        rebasing: UnsafeTape.Text(bytes)[entries[index].start..<(entries[index].start + key.count)])
      if KeyFolding.isEqual(key, name) { return index }
    }
    return nil
  }

  /// What the key at an index means.
  func bits(at index: Int) -> UInt32 { entries[index].bits }
}
