package import CohortCore
public import CohortIngestion
internal import Foundation
package import TOMLKit

/// Layouts that users describe in TOML: `[layouts.NAME]` in `cohort.toml`, or a file of their own.
///
/// ```toml
/// [layouts.tickets]
/// messages = "ticket.talk"
/// role-key = "who"
/// content-key = "said"
/// task = "queue"
/// roles = { agent = "assistant", customer = "user" }
/// ```
public enum LayoutFile {
  /// The layouts of a file. One without `[layouts.NAME]` holds one layout, named like the file.
  /// - Throws: `cli.layout-file` for what cannot be read or is no layout; as `LayoutDescription.layout`.
  public static func read(_ path: String) throws -> [Layout] {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw CohortError(
        .cliLayoutFile, "The description of a layout cannot be read", place: path, cause: "\(error)",
        hint: "It is a text in TOML; 'cohort man formats' shows one")
    }
    do {
      let table = try TOMLTable(string: text)
      return try withExtendedLifetime(table) {
        if let layouts = table["layouts"]?.table { return try Self.layouts(layouts, place: path) }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let stem = name.hasSuffix(".toml") ? String(name.dropLast(5)) : name
        return [try layout(stem, table, place: path)]
      }
    } catch let error as TOMLParseError {
      throw CohortError(
        .cliLayoutFile, "The description of a layout is not valid TOML",
        place: "\(path):\(error.source.begin.line):\(error.source.begin.column)", cause: error.description)
    }
  }

  /// The layouts of a table, by their names.
  package static func layouts(_ table: TOMLTable, place: String) throws -> [Layout] {
    try table.keys.sorted().map { name in
      guard let inner = table[name]?.table else { throw refusal("'\(name)' is not a table", place) }
      return try layout(name, inner, place: place)
    }
  }

  private static func layout(_ name: String, _ table: TOMLTable, place: String) throws -> Layout {
    let description = try description(name, table, place: place)
    do throws(CohortError) {
      return try description.layout()
    } catch {
      throw CohortError(error.code, error.message, place: place, cause: error.cause, hint: error.hint)
    }
  }

  /// What a table says about one layout; whether it makes one is not looked at.
  package static func description(
    _ name: String, _ table: TOMLTable, place: String
  ) throws(CohortError) -> LayoutDescription {
    var description = LayoutDescription(name: name)
    for key in table.keys.sorted() {
      guard let node = table[key] else { continue }
      if key == "roles" {
        guard let roles = node.table else { throw refusal("'roles' of layout '\(name)' is not a table", place) }
        for role in roles.keys.sorted() {
          guard let text = roles[role]?.string else { throw refusal("the role '\(role)' is not a string", place) }
          description.roles[role] = text
        }
        continue
      }
      guard let text = node.string else { throw refusal("'\(key)' of layout '\(name)' is not a string", place) }
      switch key {
      case "role-key": description.roleKey = text
      case "content-key": description.contentKey = text
      default:
        guard LayoutDescription.partNames.contains(key) else {
          let known = LayoutDescription.partNames + LayoutDescription.settings
          throw CohortError(
            .cliLayoutFile, "'\(key)' of layout '\(name)' is no part of a sample", place: place,
            hint: (Suggestion.closest(to: key, among: known).map { "Did you mean '\($0)'? " } ?? "") + "Known are "
              + known.joined(separator: ", "))
        }
        description.parts[key] = text
      }
    }
    return description
  }

  private static func refusal(_ what: String, _ place: String) -> CohortError {
    CohortError(
      .cliLayoutFile, "A layout cannot be understood", place: place, cause: what,
      hint: "Parts are strings, roles is a table; 'cohort man formats' shows one")
  }
}

extension IngestionOptions {
  /// Takes the value of `--layout`: what `setLayout` takes, or the path of a description.
  /// - Parameter own: the configuration's layouts.
  public mutating func setLayout(_ value: String, own: [Layout] = []) throws {
    ownLayouts = own
    guard value.hasSuffix(".toml") else { return try setLayout(named: value, own: own) }
    let described = try LayoutFile.read(value)
    guard described.count == 1 else {
      throw CohortError(
        .cliLayoutFile, "The file describes \(described.count) layouts, and one is needed", place: value,
        hint: "Keep one in it, or put them into cohort.toml and say --layout NAME")
    }
    layout = described[0]
  }
}
