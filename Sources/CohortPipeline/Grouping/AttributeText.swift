internal import CohortCore
internal import Foundation

/// The text that an attribute makes as a label: strings as they are, numbers and truth values as JSON writes them,
/// anything nested as JSON with sorted keys.
package enum AttributeText {
  /// The text of a member of a sample's attributes, nil when it is missing or null.
  /// - Parameter attributes: an object in canonical JSON.
  /// - Throws: what `JSONDecoder` throws of bytes that are none.
  /// - Complexity: O(bytes); only what has escapes, is nested or no whole number goes through a decoder.
  package static func find(_ key: String, in attributes: UnsafeRawBufferPointer) throws -> String? {
    let (isObject, found) = try member(key, of: attributes)
    // Says what is wrong with it.
    guard isObject else { return try decode([String: AttributeValue].self, attributes)[key]?.text }
    return try found.flatMap { try text(of: $0) }
  }

  /// The same of a member that may lie in objects: `a.b` is the member of that name, or else `b` of the object `a`.
  package static func find(path: String, in attributes: UnsafeRawBufferPointer) throws -> String? {
    if let text = try find(path, in: attributes) { return text }
    for dot in path.indices where path[dot] == "." {
      let (_, outer) = try member(String(path[..<dot]), of: attributes)
      guard let outer, outer.first == UInt8(ascii: "{") else { continue }
      if let text = try find(path: String(path[path.index(after: dot)...]), in: outer) { return text }
    }
    return nil
  }

  /// A member's value in place. Of members with one name the first counts.
  private static func member(
    _ key: String, of object: UnsafeRawBufferPointer
  ) throws -> (isObject: Bool, value: UnsafeRawBufferPointer?) {
    var found: UnsafeRawBufferPointer?
    let isASCII = key.utf8.allSatisfy { $0 < 0x80 }
    let isObject = try CanonicalObject.forEachMember(of: object) { name, value in
      if try found == nil && isEqual(name, key, isASCII: isASCII) { found = value }
      return true
    }
    return (isObject, isObject ? found : nil)
  }

  /// Names are equal as texts are: an accent may be written in two ways.
  private static func isEqual(_ name: UnsafeRawBufferPointer, _ key: String, isASCII: Bool) throws -> Bool {
    if name.contains(UInt8(ascii: "\\")) {
      let quotationMark = CollectionOfOne(UInt8(ascii: "\""))
      return try JSONDecoder().decode(String.self, from: Data(quotationMark) + name + quotationMark) == key
    }
    if name.elementsEqual(key.utf8) { return true }
    return (!isASCII || name.contains { $0 >= 0x80 }) && String(decoding: name, as: UTF8.self) == key
  }

  private static func decode<T: Decodable>(_ type: T.Type, _ json: UnsafeRawBufferPointer) throws -> T {
    try JSONDecoder().decode(type, from: Data(json))
  }

  private static func text(of value: UnsafeRawBufferPointer) throws -> String? {
    let first = value[0]
    if first == UInt8(ascii: "\"") {
      let inner = UnsafeRawBufferPointer(rebasing: value[1..<(value.count - 1)])
      if !inner.contains(UInt8(ascii: "\\")) { return String(decoding: inner, as: UTF8.self) }
    } else if value.elementsEqual("null".utf8) {
      return nil
    } else if first == UInt8(ascii: "t") || first == UInt8(ascii: "f") || isPlainInteger(value) {
      return String(decoding: value, as: UTF8.self)
    }
    if isBeyond64Bits(value) { return String(decoding: value, as: UTF8.self) }
    do {
      return try decode(AttributeValue.self, value).text
    } catch  where first == UInt8(ascii: "[") || first == UInt8(ascii: "{") {
      // It holds a number that no Float64 can be: as it is stored.
      return String(decoding: value, as: UTF8.self)
    }
  }

  /// Whether a number keeps its digits only as text: a whole one that no integer holds, or one that is beyond every Float64.
  private static func isBeyond64Bits(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let first = value.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else { return false }
    let text = String(decoding: value, as: UTF8.self)
    if value.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) {
      return Int64(text) == nil && UInt64(text) == nil
    }
    return Double(text)?.isFinite == false
  }

  /// Whether a number is written as its text: whole, of at most 18 digits, and no negative zero.
  private static func isPlainInteger(_ value: UnsafeRawBufferPointer) -> Bool {
    let digits = value.first == UInt8(ascii: "-") ? value.dropFirst() : value[...]
    guard let first = digits.first, digits.count <= 18, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return false
    }
    return first != 0x30 || value.count == 1
  }
}
