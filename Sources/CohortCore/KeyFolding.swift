/// Keys of records match without regard to the case of ASCII letters and outer white space: `Output ` is `output`. The one
/// place that says so.
public enum KeyFolding {
  /// The key as it is compared.
  public static func folded(_ key: some BidirectionalCollection<UInt8>) -> [UInt8] {
    var key = key[...]
    while let first = key.first, isSpace(first) { key.removeFirst() }
    while let last = key.last, isSpace(last) { key.removeLast() }
    return key.map(lower)
  }

  /// The same; a key that is folded already is given back as it is.
  public static func folded(_ key: String) -> String {
    let bytes = key.utf8
    guard let first = bytes.first, let last = bytes.last,
      isSpace(first) || isSpace(last) || bytes.contains(where: { lower($0) != $0 })
    else { return key }
    return String(decoding: folded(bytes), as: UTF8.self)
  }

  /// Whether a key is a name, of which outer white space counts.
  /// - Complexity: O(bytes), without memory.
  public static func isEqual(_ key: UnsafeBufferPointer<UInt8>, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
    var range = key.indices
    while let first = range.first, isSpace(key[first]) { range.removeFirst() }
    while let last = range.last, isSpace(key[last]) { range.removeLast() }
    return range.count == name.count && zip(range, name).allSatisfy { lower(key[$0]) == lower($1) }
  }

  private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) }
}
