internal import CohortCore

/// A line of JSON in the making: an object in which no key comes twice. Keys keep the order in which they are added, so that
/// the same sample gives the same bytes. Texts and JSON are as they are stored, but for separators of lines, which are
/// escaped.
struct ExportedLine {
  /// Stands before the key of an attribute whose own key the line has for something else.
  static let prefix = "attributes."

  private(set) var bytes: [UInt8] = []
  /// The keys so far, without those of attributes.
  private(set) var keys: [String] = []
  /// The keys of attributes that stand under another key.
  private(set) var renamed: [String] = []

  /// The line with its end.
  var finished: [UInt8] { (bytes.isEmpty ? [UInt8(ascii: "{")] : bytes) + [UInt8(ascii: "}"), UInt8(ascii: "\n")] }

  mutating func add(_ key: String, text: String) {
    begin(key)
    JSONString.append(text, .lines, to: &bytes)
  }

  mutating func add(_ key: String, number: some BinaryInteger) {
    begin(key)
    bytes.append(contentsOf: String(number).utf8)
  }

  /// - Parameter json: a whole value, without white space.
  mutating func add(_ key: String, json: [UInt8]) {
    begin(key)
    json.withUnsafeBufferPointer { JSONString.append(encoded: $0, .lines, to: &bytes) }
  }

  private mutating func begin(_ key: String) {
    keys.append(key)
    bytes.append(bytes.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
    JSONString.append(key, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
  }

  /// Adds the members of an object, byte by byte as they are. One whose key is there already, or reserved, gets `prefix` before
  /// its key, as often as it takes.
  /// - Parameters:
  ///   - attributes: canonical JSON, or empty.
  ///   - reserved: keys in lower case that a reader would take for something else, though this line lacks them. Readers do
  ///     not look at case and outer spaces.
  ///   - lists: keys of which a reader would do so where they hold a list.
  /// - Returns: false when the bytes are no object.
  mutating func addAttributes(_ attributes: [UInt8], reserved: [String] = [], lists: [String] = []) -> Bool {
    guard !attributes.isEmpty else { return true }
    var (bytes, renamed) = (self.bytes, self.renamed)
    let isObject = attributes.withUnsafeBytes { object in
      CanonicalObject.forEachMember(of: object) { name, value in
        bytes.append(bytes.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
        bytes.append(UInt8(ascii: "\""))
        let isList = value.first == UInt8(ascii: "[")
        let folded = JSONString.withText(
          of: UnsafeRawBufferPointer(start: name.baseAddress.map { $0 - 1 }, count: name.count + 2)
        ) {
          KeyFolding.folded($0)
        }
        if keys.contains(where: { name.elementsEqual($0.utf8) })
          || (isList ? reserved + lists : reserved).contains(where: { folded.elementsEqual($0.utf8) })
        {
          bytes.append(contentsOf: Self.prefix(of: name, in: object).utf8)
          renamed.append(String(decoding: name, as: UTF8.self))
        }
        JSONString.append(encoded: name.bindMemory(to: UInt8.self), .lines, to: &bytes)
        bytes.append(contentsOf: "\":".utf8)
        JSONString.append(encoded: value.bindMemory(to: UInt8.self), .lines, to: &bytes)
        return true
      }
    }
    (self.bytes, self.renamed) = (bytes, renamed)
    return isObject
  }

  /// What stands before a key, so that no other member has the result for its key.
  private static func prefix(of name: UnsafeRawBufferPointer, in object: UnsafeRawBufferPointer) -> String {
    var prefix = Self.prefix
    while true {
      var isFree = true
      CanonicalObject.forEachMember(of: object) { other, _ in
        isFree = !other.elementsEqual(Array(prefix.utf8) + name)
        return isFree
      }
      if isFree { return prefix }
      prefix += Self.prefix
    }
  }
}
