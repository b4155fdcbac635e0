public import CohortCore

/// A layout of the user's own, as a file or the configuration describes it: the keys of the parts, in the words of
/// `--map`, and names in turns.
public struct LayoutDescription: Hashable, Sendable {
  /// What `--layout` and reports call it.
  public var name: String
  /// Parts and their keys: `prompt`, `response`, `messages`, `system`, `task`, …
  public var parts: [String: String] = [:]
  /// The keys of the role and of the content in a turn; nil for the known ones.
  public var roleKey: String?
  public var contentKey: String?
  /// Names of roles in the data, with `user`, `assistant`, `system` or `tool`.
  public var roles: [String: String] = [:]

  public init(name: String) { self.name = name }

  /// The settings that are no parts.
  public static let settings = ["role-key", "content-key", "roles"]
  /// The parts that can be named.
  public static var partNames: [String] { FieldMap.words + ["completion", "context", "conversations"] }

  /// The layout.
  /// - Throws: `ingestion.invalid-layout`, `ingestion.invalid-map`, `ingestion.invalid-role`.
  public func layout() throws(CohortError) -> Layout {
    if Layout.named(name) != nil || IngestionOptions.TextFormat(rawValue: name) != nil || name == "auto" {
      throw .usage(.ingestionInvalidLayout, "'\(name)' is the name of a known layout or format", hint: "Choose another")
    }
    var map = FieldMap()
    for (part, key) in parts.sorted(by: { $0.key < $1.key }) { try map.set(part, to: key) }
    guard map.standsAlone else {
      throw .usage(
        .ingestionInvalidLayout, "the layout '\(name)' names neither a response nor messages",
        hint: "Give it response = \"KEY\", or messages = \"KEY\"")
    }
    var shape = RecordShape(map: map)
    if let key = map[.task] { shape.fields.append(.optional(key, .task)) }
    shape.words.roleKey = roleKey
    shape.words.contentKey = contentKey
    var options = IngestionOptions()
    for (name, role) in roles.sorted(by: { $0.key < $1.key }) { try options.addRole(parsing: "\(name)=\(role)") }
    shape.words.roles = options.roles
    shape.rank = 3
    return Layout(name, [shape])
  }
}
