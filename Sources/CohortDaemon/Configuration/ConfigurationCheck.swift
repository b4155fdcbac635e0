import CohortActions
import CohortCore
import CohortServer
import CohortStore
import CohortSystem

/// What `--check` finds out: the configuration, and what it names on the disk. Nothing is made, changed or locked.
struct ConfigurationCheck {
  /// Something that is as it should be, or that somebody should know of.
  struct Finding {
    /// What it is about: `stores.main`, `http.listen`.
    let key: String
    let text: String
    var isWarning = false
  }

  private let file: String?
  private(set) var findings: [Finding] = []
  private(set) var errors: [CohortError]

  /// - Parameter mistakes: what is wrong with the configuration itself.
  init(_ configuration: DaemonConfiguration, _ mistakes: [CohortError], file: String?) {
    self.file = file
    errors = mistakes
    for store in configuration.stores where !store.path.isEmpty {
      check(store)
      for inbox in store.inboxes where !inbox.path.isEmpty { check(inbox, of: store) }
    }
    check(configuration.http)
    findings.append(
      Finding(key: "log", text: "\(configuration.log.format.rawValue), \(configuration.log.level.rawValue)"))
  }

  /// 0; 2 for what makes no sense, else by the first error: 3 for a store or a file that is not there.
  var exitCode: Int32 {
    guard let first = errors.first(where: { $0.category == .usage }) ?? errors.first else { return 0 }
    return first.category.exitCode
  }

  // MARK: Looking

  private mutating func check(_ store: StoreConfiguration) {
    do {
      let opened = try Store.open(at: store.path)
      let samples = try opened.read { try $0.counters.live }
      let owner = Self.owner(of: store.path).map { "owned by process \($0)" } ?? "owned by nobody"
      findings.append(Finding(key: "stores.\(store.name)", text: "\(store.path): \(samples) samples, \(owner)"))
    } catch {
      errors.append(CohortError(describing: error, as: .daemonUnknown))
    }
  }

  /// The process that holds the owner's lock, without trying to take it: whoever tries keeps others from it for that
  /// moment.
  private static func owner(of store: String) -> Int? {
    guard let file = try? SystemCall.status(of: StoreLayout(store).owner),
      let bytes = try? SystemCall.contents(of: "/proc/locks", limit: 1 << 24)
    else { return nil }
    // 1: FLOCK  ADVISORY  WRITE 4711 08:01:1234567 0 EOF
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let words = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard words.count >= 6, words[1] == "FLOCK", words[3] == "WRITE" else { continue }
      if words[5].split(separator: ":").last.flatMap({ UInt64($0) }) == file.inode { return Int(words[4]) }
    }
    return nil
  }

  private mutating func check(_ inbox: InboxConfiguration, of store: StoreConfiguration) {
    let key = "stores.\(store.name).inboxes"
    let what = "layout \(inbox.layout), then \(inbox.consume == .move ? "moved to .done" : "deleted")"
    guard let status = try? SystemCall.status(of: inbox.path) else {
      let above = Self.nearestFolder(above: inbox.path)
      guard access(above, W_OK | X_OK) == 0 else {
        errors.append(
          .system(.daemonInbox, "The inbox is not there and cannot be made", place: inbox.path, .last, hint: nil))
        return
      }
      return findings.append(Finding(key: key, text: "\(inbox.path): will be made; \(what)"))
    }
    guard status.kind == .folder else {
      errors.append(CohortError(.daemonInbox, "The inbox is not a folder", place: inbox.path))
      return
    }
    guard access(inbox.path, R_OK | W_OK | X_OK) == 0 else {
      errors.append(
        .system(
          .daemonInbox, "Files cannot be taken from the inbox", place: inbox.path, .last,
          hint: "The daemon moves what it has taken: it has to read and write the folder"))
      return
    }
    findings.append(Finding(key: key, text: "\(inbox.path): \(what)"))
    if status.mode & 0o022 != 0 {
      findings.append(
        Finding(
          key: key, text: "\(inbox.path): other users can put files here (chmod 700 unless you mean it)",
          isWarning: true))
    }
  }

  private static func nearestFolder(above path: String) -> String {
    var path = path
    while let slash = path.lastIndex(of: "/") {
      path = slash == path.startIndex ? "/" : String(path[..<slash])
      if SystemCall.exists(path) { return path }
    }
    return "."
  }

  private mutating func check(_ http: HTTPConfiguration) {
    for listen in http.listen { findings.append(Finding(key: "http.listen", text: listen)) }
    if let socket = http.socket { findings.append(Finding(key: "http.socket", text: socket)) }
    guard let path = http.tokenFile else { return }
    do throws(CohortError) {
      let tokens = try TokenFile.count(at: path)
      findings.append(
        Finding(
          key: "http.token-file", text: "\(path): \(tokens.writing) for writing, \(tokens.reading) for reading only"))
    } catch {
      errors.append(error)
    }
  }

  // MARK: Telling

  /// Lines for people: findings, then errors.
  var text: String {
    let width = findings.map(\.key.count).max() ?? 0
    let lines = findings.map { finding in
      finding.key + String(repeating: " ", count: width - finding.key.count) + "  "
        + (finding.isWarning ? "warning: " : "") + finding.text
    }
    let verdict = errors.isEmpty ? "fine" : errors.count == 1 ? "1 error" : "\(errors.count) errors"
    return (lines.map(Self.harmless) + [""]).joined(separator: "\n") + errors.map(Self.text).joined() + verdict + "\n"
  }

  /// An error for people: what, where, why, what to do.
  static func text(of error: CohortError) -> String {
    var lines = ["error: \(error.message)"]
    if let place = error.place { lines.append("  where: \(place)") }
    if let cause = error.cause { lines.append("  why:   \(cause)") }
    if let hint = error.hint { lines.append("  do:    \(hint)") }
    return lines.map(harmless).joined(separator: "\n") + "\n"
  }

  /// Text of files, on one line, that can do nothing to a terminal.
  private static func harmless(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let isHarmful = scalar.properties.generalCategory == .control || scalar.properties.isBidiControl
      result.append(isHarmful ? "\u{fffd}" : scalar)
    }
    return String(result)
  }

  /// One object for programs.
  var json: ReportValue {
    .record([
      "ok": .boolean(errors.isEmpty), "config": .optional(file),
      "findings": .list(
        findings.map {
          .record([
            "key": .text($0.key), "level": .text($0.isWarning ? "warning" : "info"), "text": .text($0.text),
          ])
        }),
      "errors": .list(
        errors.map { error in
          .record([
            "code": .text(error.code.name), "category": .text(error.category.rawValue),
            "message": .text(error.message), "place": .optional(error.place), "cause": .optional(error.cause),
            "hint": .optional(error.hint), "exit_code": .integer(Int64(error.category.exitCode)),
          ])
        }),
    ])
  }
}
