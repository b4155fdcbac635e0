internal import CohortCore
internal import CohortSystem

/// A parsed JSON document in place: simdjson's tape and the unescaped strings it points into.
///
/// A value is the index of its first word on the tape. The tape belongs to a `JSONParser` and is valid until that
/// parser's next use; it never leaves the record it was made for. Layout (simdjson, `doc/tape.md`):
///
/// ```
/// word = type << 56 | payload
/// r          first word, payload = index of the last word; the document's value is word 1
/// {  [       payload = index after the matching close (low 32 bits) | number of members (next 24 bits, saturating)
/// "          payload = offset into the strings: UInt32 length, UTF-8, 0
/// l  u  d    signed, unsigned, Float64: the value is the next word
/// t  f  n    true, false, null
/// b          a number beyond 64 bits, payload as of a string: the digits as they were written (`WideNumbers`)
/// ```
struct UnsafeTape {
  typealias Text = UnsafeBufferPointer<UInt8>

  private let words: UnsafePointer<UInt64>
  private let strings: UnsafePointer<UInt8>
  /// Counts what `CanonicalJSON` leaves out; belongs to the parser.
  private let overridden: UnsafeMutablePointer<Int>

  init(words: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, overridden: UnsafeMutablePointer<Int>) {
    self.words = words
    self.strings = strings
    self.overridden = overridden
  }

  func noteOverridden() { overridden.pointee += 1 }

  enum Kind: UInt8 {
    case object = 0x7b
    case array = 0x5b
    case string = 0x22
    case signed = 0x6c
    case unsigned = 0x75
    case double = 0x64
    /// A number beyond 64 bits; `text` has it as it was written.
    case wide = 0x62
    case yes = 0x74
    case no = 0x66
    case null = 0x6e
    /// The end of a container, and anything else.
    case other = 0
  }

  static let root = 1

  @inline(__always)
  func kind(_ value: Int) -> Kind { Kind(rawValue: UInt8(truncatingIfNeeded: words[value] >> 56)) ?? .other }

  /// The first word after a value.
  @inline(__always)
  func next(after value: Int) -> Int {
    switch kind(value) {
    case .object, .array: Int(words[value] & 0xffff_ffff)
    case .signed, .unsigned, .double: value + 2
    default: value + 1
    }
  }

  /// The first word inside a container, and the word of its close; empty for a value that is no container.
  @inline(__always)
  func inside(_ container: Int) -> Range<Int> {
    let end = next(after: container) - 1
    return end > container ? (container + 1)..<end : container..<container
  }

  func isEmptyContainer(_ value: Int) -> Bool { inside(value).isEmpty }

  /// How many members or elements a container has; exact below 2^24 - 1.
  @inline(__always)
  func memberCount(_ container: Int) -> Int { Int(words[container] >> 32 & 0xff_ffff) }

  /// The UTF-8 of a string, in place.
  @inline(__always)
  func text(_ value: Int) -> Text {
    let start = strings + Int(words[value] & 0x00ff_ffff_ffff_ffff)
    let count = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
    return Text(start: start + 4, count: Int(count))
  }

  @inline(__always)
  func isEqual(_ value: Int, _ bytes: [UInt8]) -> Bool { Self.isEqual(text(value), bytes) }

  static func isEqual(_ text: Text, _ bytes: [UInt8]) -> Bool {
    guard text.count == bytes.count, let start = text.baseAddress else { return false }
    return bytes.withUnsafeBufferPointer { other in
      other.baseAddress.map { memcmp(start, $0, other.count) == 0 } ?? true
    }
  }

  func string(_ value: Int) -> String { String(decoding: text(value), as: UTF8.self) }

  func signed(_ value: Int) -> Int64 { Int64(bitPattern: words[value + 1]) }
  func unsigned(_ value: Int) -> UInt64 { words[value + 1] }
  func double(_ value: Int) -> Double { Double(bitPattern: words[value + 1]) }

  /// A number that is a whole one from 0 up, whatever way it was written; nil for anything else.
  func count(_ value: Int) -> UInt64? {
    switch kind(value) {
    case .signed: UInt64(exactly: signed(value))
    case .unsigned: unsigned(value)
    case .double: UInt64(exactly: double(value))
    default: nil
    }
  }

  /// A truth value, also as a word or as 0 and 1; nil for anything else.
  func truth(_ value: Int) -> Bool? {
    switch kind(value) {
    case .yes: return true
    case .no: return false
    case .signed, .unsigned, .double: return count(value).flatMap { $0 == 0 ? false : $0 == 1 ? true : nil }
    case .string:
      let word = KeyFolding.folded(text(value))
      return word.elementsEqual("true".utf8) ? true : word.elementsEqual("false".utf8) ? false : nil
    default: return nil
    }
  }

  /// Calls `body` with the key and the value of each member, until it returns false.
  @inline(__always)
  func forEachMember(of object: Int, _ body: (_ key: Int, _ value: Int) -> Bool) {
    let range = inside(object)
    var key = range.lowerBound
    while key < range.upperBound {
      guard body(key, key + 1) else { return }
      key = next(after: key + 1)
    }
  }

  @inline(__always)
  func forEachElement(of array: Int, _ body: (_ value: Int) -> Bool) {
    let range = inside(array)
    var value = range.lowerBound
    while value < range.upperBound {
      guard body(value) else { return }
      value = next(after: value)
    }
  }

  func firstElement(of array: Int) -> Int? { inside(array).first }

  /// The elements of a list; none of anything else.
  func elements(of list: Int) -> [Int] {
    guard kind(list) == .array else { return [] }
    var elements: [Int] = []
    forEachElement(of: list) { element in
      elements.append(element)
      return true
    }
    return elements
  }

  /// The element of a list at an index from 0.
  /// - Complexity: O(index).
  func element(_ index: Int, of array: Int) -> Int? {
    var found: Int?
    var left = index
    forEachElement(of: array) { element in
      if left == 0 { found = element }
      left -= 1
      return left >= 0
    }
    return found
  }

  /// The value of the first member with this key; nil where there is none, or the value is no object.
  func member(_ key: [UInt8], of object: Int) -> Int? {
    guard kind(object) == .object else { return nil }
    var found: Int?
    forEachMember(of: object) { name, value in
      guard isEqual(name, key) else { return true }
      found = value
      return false
    }
    return found
  }

  func name(of kind: Kind) -> String {
    switch kind {
    case .object: "an object"
    case .array: "a list"
    case .string: "a string"
    case .signed, .unsigned, .double, .wide: "a number"
    case .yes, .no: "a truth value"
    case .null: "null"
    case .other: "nothing"
    }
  }
}
