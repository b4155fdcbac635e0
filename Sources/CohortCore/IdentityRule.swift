/// Which attributes make two records with the same messages two samples, and which do not.
///
/// The messages are what is trained on, but not all of it: two records of preference data may differ in the rejected answer
/// alone, two of vision data in the image, two of tool data in the tools. Such attributes count for what a sample *is*; scores,
/// ids, times and the like do not. These count:
///
/// - `usualKeys`;
/// - keys that differ from one that the layout itself uses in case and outer spaces only: `Output` beside `output`;
/// - `identityKeys`, which the user names; and `ignoredKeys` do not, whatever else is said.
///
/// Keys are compared without regard to case and outer spaces. A member that is null counts as one that is not there. The
/// values are compared as canonical JSON.
public struct IdentityRule: Hashable, Sendable {
  /// What counts unless the user says otherwise: other answers, media, tools, and what says whether a record is trained on.
  public static let usualKeys = [
    "rejected", "chosen", "image", "images", "video", "videos", "audio", "audios", "tools", "tool_defs", "functions",
    "label", "kto_tag", "weight", "train", "trainable", "loss_mask",
  ]

  /// Keys that count, too.
  public let identityKeys: [String]
  /// Keys that do not count.
  public let ignoredKeys: [String]
  /// The keys of the layout that the records were read in, as the layout spells them.
  public var layoutKeys: [String] {
    didSet { counted = Self.counted(identityKeys, ignoredKeys, layoutKeys) }
  }
  /// As they are compared.
  private var counted: Set<String>

  public init(identityKeys: [String] = [], ignoredKeys: [String] = [], layoutKeys: [String] = []) {
    self.identityKeys = identityKeys
    self.ignoredKeys = ignoredKeys
    self.layoutKeys = layoutKeys
    counted = Self.counted(identityKeys, ignoredKeys, layoutKeys)
  }

  /// Whether an attribute with this key counts.
  public func counts(_ key: String) -> Bool { counted.contains(KeyFolding.folded(key)) }

  /// A key that is said to count, and not to; nil where there is none.
  public var contradiction: String? {
    let ignored = Set(ignoredKeys.map { KeyFolding.folded($0) })
    return identityKeys.first { ignored.contains(KeyFolding.folded($0)) }
  }

  /// Whether two objects of attributes, in canonical JSON or empty, are those of the same sample.
  /// - Complexity: O(bytes); nothing but a comparison of the bytes where these are equal.
  public func agree(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    one.count == other.count && one.elementsEqual(other) || members(of: one) == members(of: other)
  }

  /// A hash of the members that count: equal where `agree` holds.
  /// - Complexity: O(bytes).
  public func digest(of attributes: UnsafeRawBufferPointer) -> UInt64 {
    guard !attributes.isEmpty else { return 0 }
    let members = members(of: attributes)
    guard !members.isEmpty else { return 0 }
    var writer = ByteWriter()
    for member in members {
      writer.string(member.key)
      writer.blob(member.value)
    }
    return XXH3.hash64(writer.bytes)
  }

  /// The members that count, by their folded keys.
  private func members(of attributes: UnsafeRawBufferPointer) -> [Member] {
    var members: [Member] = []
    CanonicalObject.forEachMember(of: attributes) { name, value in
      let key = KeyFolding.folded(String(decoding: name, as: UTF8.self))
      if counted.contains(key), !value.elementsEqual("null".utf8) {
        members.append(Member(key: key, value: [UInt8](value)))
      }
      return true
    }
    return members.sorted()
  }

  private static func counted(_ identity: [String], _ ignored: [String], _ layout: [String]) -> Set<String> {
    Set((usualKeys + identity + layout).map { KeyFolding.folded($0) }).subtracting(
      ignored.map { KeyFolding.folded($0) })
  }
}

/// A member of an object in canonical JSON.
private struct Member: Comparable {
  var key: String
  var value: [UInt8]

  static func < (a: Self, b: Self) -> Bool {
    a.key == b.key ? a.value.lexicographicallyPrecedes(b.value) : a.key < b.key
  }
}

extension CanonicalObject {
  /// Whether two objects in canonical JSON, or empty, have the same members, in any order.
  /// - Complexity: O(bytes); nothing but a comparison of the bytes where these are equal.
  public static func haveEqualMembers(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    guard one.count == other.count else { return false }
    return one.elementsEqual(other) || members(of: one) == members(of: other)
  }

  private static func members(of object: UnsafeRawBufferPointer) -> [Member] {
    var members: [Member] = []
    forEachMember(of: object) { name, value in
      members.append(Member(key: String(decoding: name, as: UTF8.self), value: [UInt8](value)))
      return true
    }
    return members.sorted()
  }
}
