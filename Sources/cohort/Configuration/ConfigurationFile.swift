import CohortActions
import CohortCore
import CohortIngestion
import CohortSystem
import TOMLKit

/// The settings of one TOML file, each with its line.
struct ConfigurationFile {
  struct Entry {
    let value: SettingValue
    let line: Int?
  }

  let path: String
  let entries: [Setting: Entry]
  /// The layouts that it describes.
  let layouts: [Layout]

  private static let layoutsKey = "layouts"
  /// Far more than settings can take; a larger file is not one of ours.
  private static let sizeLimit = 1 << 20

  /// Reads and checks a file.
  /// - Returns: nil when there is no such file.
  /// - Throws: `cli.config-unreadable`, `cli.config-size`, `cli.config-syntax` for a file that is not TOML in UTF-8;
  ///   `cli.config-key`, `cli.config-value` for what no setting takes.
  static func read(_ path: String) throws -> ConfigurationFile? {
    guard let bytes = try contents(of: path) else { return nil }
    return try ConfigurationFile(path, text(of: bytes, at: path))
  }

  /// The text of a file; nil when there is none.
  /// - Throws: `cli.config-unreadable`, `cli.config-size`, `cli.config-syntax` for what is not UTF-8.
  static func text(at path: String) throws -> String? {
    try contents(of: path).map { try text(of: $0, at: path) }
  }

  private static func text(of bytes: [UInt8], at path: String) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CohortError(.cliConfigSyntax, "The configuration is not UTF-8 text", place: path)
    }
    return text
  }

  /// Checks the text of a file.
  /// - Throws: as `read`.
  init(_ path: String, _ text: String) throws {
    do {
      let table = try TOMLTable(string: text)
      var entries: [Setting: Entry] = [:]
      let layouts = try withExtendedLifetime(table) {
        try Self.collect(table, prefix: [], path: path, lines: KeyLines(text), into: &entries)
        return try table[Self.layoutsKey]?.table.map { try LayoutFile.layouts($0, place: path) } ?? []
      }
      (self.path, self.entries, self.layouts) = (path, entries, layouts)
    } catch let error as TOMLParseError {
      throw CohortError(
        .cliConfigSyntax, "The configuration is not valid TOML",
        place: "\(path):\(error.source.begin.line):\(error.source.begin.column)", cause: error.description)
    }
  }

  private static func collect(
    _ table: TOMLTable, prefix: [String], path: String, lines: KeyLines, into entries: inout [Setting: Entry]
  ) throws {
    for key in table.keys.sorted() where !(prefix.isEmpty && key == layoutsKey) {
      guard let node = table[key] else { continue }
      let name = prefix + [key]
      if let inner = node.table, Setting(rawValue: name.joined(separator: ".")) == nil {
        try collect(inner, prefix: name, path: path, lines: lines, into: &entries)
        continue
      }
      let line = lines.line(of: name)
      let place = path + (line.map { ":\($0)" } ?? "")
      guard let setting = Setting(rawValue: name.joined(separator: ".")) else {
        let names = Setting.allCases.map(\.rawValue)
        let close = Suggestion.closest(to: name.joined(separator: "."), among: names)
        throw CohortError(
          .cliConfigKey, "There is no setting '\(name.joined(separator: "."))'", place: place,
          hint: close.map { "Did you mean '\($0)'?" } ?? "'cohort config show' lists the settings")
      }
      entries[setting] = Entry(value: try value(of: node, for: setting, path: path, place: place), line: line)
    }
  }

  private static func value(
    of node: any TOMLValueConvertible, for setting: Setting, path: String, place: String
  ) throws -> SettingValue {
    switch setting.domain {
    case .path:
      guard let text = node.string else { throw mismatch(node, setting, "a string with a path", place) }
      guard case .text(let value) = try setting.value(of: text, at: place) else { return .text(text) }
      guard !value.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return .text(value) }
      return .text(path[...slash] + value)
    case .choice(let choices):
      guard let text = node.string else {
        throw mismatch(node, setting, "a string: \(choices.joined(separator: ", "))", place)
      }
      return try setting.value(of: text, at: place)
    case .integer:
      guard let number = node.int else { throw mismatch(node, setting, "a whole number", place) }
      return try setting.value(of: String(number), at: place)
    }
  }

  private static func mismatch(
    _ node: any TOMLValueConvertible, _ setting: Setting, _ expected: String, _ place: String
  ) -> CohortError {
    setting.refusal("is a TOML \(node.type.description)", at: place, expected: expected)
  }

  private static func contents(of path: String) throws -> [UInt8]? {
    let bytes: [UInt8]?
    do throws(Errno) {
      bytes = try SystemCall.contents(of: path, limit: sizeLimit)
    } catch {
      if error.number == ENOENT || error.number == ENOTDIR { return nil }
      throw CohortError(
        .cliConfigUnreadable, "The configuration cannot be read", place: path, cause: error.text)
    }
    guard let bytes else {
      throw CohortError(
        .cliConfigSize, "The configuration is larger than 1 MiB", place: path, hint: "Is it a configuration file?")
    }
    return bytes
  }
}
