import CohortActions
import CohortCore
import CohortIngestion
import CohortSystem
import TOMLKit

/// Reads a configuration file, and goes on past mistakes: all of them are told at once.
struct ConfigurationReader {
  /// What could be read; with mistakes it is not to be used.
  private(set) var configuration = DaemonConfiguration()
  private var found: [(line: Int, error: CohortError)] = []
  private let path: String
  /// Where relative paths start.
  private let folder: String
  private var lines = KeyLines("")
  /// Keys whose mistakes are told: what follows from them is not.
  private var told: Set<[String]> = []

  /// In the order of the lines on which they are.
  var mistakes: [CohortError] {
    found.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element.error)
  }

  /// Far more than settings can take; a larger file is not one of ours.
  private static let sizeLimit = 1 << 20

  /// Reads a file, and checks each key for itself.
  init(_ path: String) {
    self.path = path
    folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    do throws(CohortError) {
      let text = try Self.text(of: path)
      lines = KeyLines(text)
      try read(text)
    } catch {
      found.append((0, error))
      told.insert([])
    }
  }

  /// Adds the mistakes that only the whole shows.
  /// - Parameter problems: those of the configuration that came of this file and of flags.
  mutating func add(_ problems: [ConfigurationProblem]) {
    // A file that cannot be read says nothing that could be wrong.
    if told.contains([]) { return }
    for problem in problems where !told.contains(problem.key) { add(problem.key, problem.error) }
  }

  /// Notes a mistake, and where it is.
  private mutating func add(_ key: [String], _ error: CohortError) {
    told.insert(key)
    let line = lines.nearestLine(of: key)
    let place = path + (line.map { ":\($0)" } ?? "")
    var error = error
    error.place = error.place.map { "\(place), \($0)" } ?? place
    found.append((line ?? 0, error))
  }

  private static func text(of path: String) throws(CohortError) -> String {
    let bytes = try CohortError.describing({
      CohortError(
        .daemonConfigUnreadable, "The configuration cannot be read", place: path, cause: $0.text,
        hint: "--config takes the path of a file in TOML")
    }) { () throws(Errno) in try SystemCall.contents(of: path, limit: sizeLimit) }
    guard let bytes else {
      throw CohortError(
        .daemonConfigSize, "The configuration is larger than 1 MiB", place: path, hint: "Is it a configuration file?")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CohortError(.daemonConfigSyntax, "The configuration is not UTF-8 text", place: path)
    }
    return text
  }

  private mutating func read(_ text: String) throws(CohortError) {
    do {
      let table = try TOMLTable(string: text)
      withExtendedLifetime(table) { read(table) }
    } catch let error as TOMLParseError {
      throw CohortError(
        .daemonConfigSyntax, "The configuration is not valid TOML",
        place: "\(path):\(error.source.begin.line):\(error.source.begin.column)", cause: error.description)
    } catch {
      throw CohortError(.daemonConfigSyntax, "The configuration is not valid TOML", place: path, cause: "\(error)")
    }
  }

  private mutating func read(_ table: TOMLTable) {
    var whole = configuration
    read(table, at: [], DaemonConfiguration.keys, tables: ["http", "log", "layouts", "stores"], into: &whole)
    configuration = whole
    var (http, log) = (configuration.http, configuration.log)
    if let inner = inner(table, ["http"]) { read(inner, at: ["http"], HTTPConfiguration.keys, into: &http) }
    if let inner = inner(table, ["log"]) { read(inner, at: ["log"], LogConfiguration.keys, into: &log) }
    (configuration.http, configuration.log) = (http, log)
    if let inner = inner(table, ["layouts"]) { readLayouts(inner) }
    configuration.stores = elements(of: table, ["stores"]).map { table, key in
      var store = StoreConfiguration()
      read(table, at: key, StoreConfiguration.keys, tables: ["inboxes"], into: &store)
      if table["path"] == nil {
        add(key + ["path"], CohortError(.daemonConfigKey, "A store has no path", hint: "Add path = \"FOLDER\""))
      }
      guard table["inboxes"] != nil else { return store }
      store.inboxes = elements(of: table, key + ["inboxes"]).map { table, key in
        var inbox = InboxConfiguration()
        read(table, at: key, InboxConfiguration.keys, into: &inbox)
        return inbox
      }
      return store
    }
  }

  /// Reads the keys of one table; what else is in it, the inner tables aside, is a mistake.
  private mutating func read<Table>(
    _ table: TOMLTable, at place: [String], _ keys: [ConfigurationKey<Table>], tables: [String] = [],
    into result: inout Table
  ) {
    for name in table.keys.sorted() where !tables.contains(name) {
      guard let node = table[name] else { continue }
      guard let key = keys.first(where: { $0.name == name }) else {
        let known = keys.map(\.name) + tables
        let close = Suggestion.closest(to: name, among: known)
        let table = place.filter { Int($0) == nil }.joined(separator: ".")
        add(
          place + [name],
          CohortError(
            .daemonConfigKey, "There is no setting '\(name)'" + (table.isEmpty ? "" : " in '\(table)'"),
            hint: close.map { "Did you mean '\($0)'?" } ?? "Known are \(known.joined(separator: ", "))"))
        continue
      }
      guard let value = ConfigurationValue(node, key.form, folder: folder) else {
        add(
          place + [name],
          CohortError(
            .daemonConfigValue, "The setting '\(name)' \(Self.described(node))",
            hint: "It takes \(key.form.words)"))
        continue
      }
      key.set(&result, value)
    }
  }

  private static func described(_ node: any TOMLValueConvertible) -> String {
    if let text = node.string { return "is '\(text)'" }
    if let number = node.int { return "is \(number)" }
    if let number = node.double { return "is \(number)" }
    return "is a TOML \(node.type.description)"
  }

  private mutating func inner(_ table: TOMLTable, _ key: [String]) -> TOMLTable? {
    guard let name = key.last, let node = table[name] else { return nil }
    guard let inner = node.table else {
      add(key, CohortError(.daemonConfigValue, "'\(name)' is not a table", hint: "Write [\(name)]"))
      return nil
    }
    return inner
  }

  private mutating func elements(of table: TOMLTable, _ key: [String]) -> [(TOMLTable, [String])] {
    guard let name = key.last, let node = table[name] else { return [] }
    let names = key.filter { Int($0) == nil }.joined(separator: ".")
    let array = node.array.map { Array($0) }
    let tables = array?.compactMap(\.table)
    guard let array, let tables, tables.count == array.count else {
      add(key, CohortError(.daemonConfigValue, "'\(names)' is not a list of tables", hint: "Write [[\(names)]]"))
      return []
    }
    return tables.enumerated().map { ($1, key + [String($0)]) }
  }

  private mutating func readLayouts(_ table: TOMLTable) {
    for name in table.keys.sorted() {
      guard let inner = inner(table, ["layouts", name]) else { continue }
      do throws(CohortError) {
        configuration.layouts.append(try LayoutFile.description(name, inner, place: "layouts.\(name)"))
      } catch {
        add(["layouts", name], error)
      }
    }
  }
}
