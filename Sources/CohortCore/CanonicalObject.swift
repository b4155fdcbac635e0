/// Finds members of objects and elements of lists in canonical JSON (as ingestion writes it: valid, without white space), in
/// place.
public enum CanonicalObject {
  /// Calls `body` with each member's name as it is written between its quotation marks, escapes and all, and its value,
  /// until it returns false.
  /// - Returns: false when the bytes are no such object, as far as they were looked at.
  /// - Complexity: O(bytes).
  @discardableResult
  public static func forEachMember(
    of json: UnsafeRawBufferPointer,
    _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
  ) rethrows -> Bool {
    guard json.first == UInt8(ascii: "{"), json.count >= 2 else { return false }
    var offset = 1
    if json[offset] == UInt8(ascii: "}") { return json.count == 2 }
    while true {
      guard let nameEnd = end(ofStringAt: offset, in: json), nameEnd < json.count,
        json[nameEnd] == UInt8(ascii: ":"), let valueEnd = end(ofValueAt: nameEnd + 1, in: json),
        valueEnd < json.count
      else { return false }
      guard
        try body(
          UnsafeRawBufferPointer(rebasing: json[(offset + 1)..<(nameEnd - 1)]),
          UnsafeRawBufferPointer(rebasing: json[(nameEnd + 1)..<valueEnd]))
      else { return true }
      switch json[valueEnd] {
      case UInt8(ascii: ","): offset = valueEnd + 1
      case UInt8(ascii: "}"): return valueEnd + 1 == json.count
      default: return false
      }
    }
  }

  /// Calls `body` with each element of a list, until it returns false.
  /// - Returns: false when the bytes are no such list, as far as they were looked at.
  /// - Complexity: O(bytes).
  @discardableResult
  public static func forEachElement(
    of json: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Bool
  ) rethrows -> Bool {
    guard json.first == UInt8(ascii: "["), json.count >= 2 else { return false }
    var offset = 1
    if json[offset] == UInt8(ascii: "]") { return json.count == 2 }
    while true {
      guard let end = end(ofValueAt: offset, in: json), end < json.count else { return false }
      guard try body(UnsafeRawBufferPointer(rebasing: json[offset..<end])) else { return true }
      switch json[end] {
      case UInt8(ascii: ","): offset = end + 1
      case UInt8(ascii: "]"): return end + 1 == json.count
      default: return false
      }
    }
  }

  /// The offset behind a string; nil where there is none.
  private static func end(ofStringAt start: Int, in json: UnsafeRawBufferPointer) -> Int? {
    guard start < json.count, json[start] == UInt8(ascii: "\"") else { return nil }
    var offset = start + 1
    while offset < json.count {
      switch json[offset] {
      case UInt8(ascii: "\""): return offset + 1
      case UInt8(ascii: "\\"): offset += 2
      default: offset += 1
      }
    }
    return nil
  }

  /// The offset behind a value: a string, a list or an object, or what ends at the next comma or bracket.
  private static func end(ofValueAt start: Int, in json: UnsafeRawBufferPointer) -> Int? {
    var depth = 0
    var offset = start
    while offset < json.count {
      switch json[offset] {
      case UInt8(ascii: "\""):
        guard let next = end(ofStringAt: offset, in: json) else { return nil }
        offset = next
        if depth == 0 { return offset }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        offset += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        // The end of what is around a number or a word.
        if depth == 0 { return offset > start ? offset : nil }
        depth -= 1
        offset += 1
        if depth == 0 { return offset }
      case UInt8(ascii: ",") where depth == 0: return offset > start ? offset : nil
      default: offset += 1
      }
    }
    return nil
  }
}
