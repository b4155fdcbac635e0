/// Writes one JSON object, member by member, without spaces. Keys stand in the order in which they are added.
public struct JSONObject {
  private var members = ""

  /// An object without members.
  public init() {}

  /// The object as it is now.
  public var text: String { "{\(members)}" }

  /// Adds a value that is JSON already.
  public mutating func add(_ key: String, raw value: String) {
    if !members.isEmpty { members += "," }
    members += "\(JSONString.quoted(key)):\(value)"
  }

  public mutating func add(_ key: String, _ value: String) { add(key, raw: JSONString.quoted(value)) }
  public mutating func add(_ key: String, _ value: UInt64) { add(key, raw: "\(value)") }
  public mutating func add(_ key: String, _ value: Bool) { add(key, raw: value ? "true" : "false") }

  /// The shortest decimal that reads back as the same number; null for what is none (an infinity, NaN).
  public mutating func add(_ key: String, _ value: Double) { add(key, raw: value.isFinite ? "\(value)" : "null") }

  /// Null where there is no text.
  public mutating func add(_ key: String, _ value: String?) {
    add(key, raw: value.map { JSONString.quoted($0) } ?? "null")
  }

  /// Null where there is no number.
  public mutating func add(_ key: String, _ value: UInt64?) { add(key, raw: value.map { "\($0)" } ?? "null") }

  /// A list of values that are JSON already.
  public mutating func add(_ key: String, list values: some Sequence<String>) { add(key, raw: Self.list(values)) }

  /// A list of values that are JSON already, alone.
  public static func list(_ values: some Sequence<String>) -> String { "[\(values.joined(separator: ","))]" }
}
