import ArgumentParser
import CohortActions
import CohortCore
import CohortSystem

/// Which file a setting is written to.
struct ConfigurationPlace: ParsableArguments {
  @Flag(help: "The file of this user: ~/.config/cohort/config.toml, or in XDG_CONFIG_HOME.") var user = false
  @Flag(help: "The file of the store: cohort.toml in its folder.") var inStore = false

  func validate() throws {
    if user, inStore { throw ValidationError("--user and --in-store exclude each other.") }
  }

  /// - Throws: `cli.config-edit` where there is no home and no store.
  func path(_ session: Session) throws -> String {
    if user {
      guard let path = Configuration.userFile(Session.environment) else {
        throw CohortError(
          .cliConfigEdit, "It is not known where your settings are", cause: "Neither HOME nor XDG_CONFIG_HOME is set")
      }
      return path
    }
    guard inStore else { return "cohort.toml" }
    let layout = StoreLayout(session.storePath)
    guard SystemCall.exists(layout.data) else {
      throw CohortError(
        .cliConfigEdit, category: .notFound, "There is no store here", place: session.storePath,
        hint: "Create one with cohort init, or name another with --store")
    }
    return layout.configuration
  }

  /// The setting of a key.
  /// - Throws: `cli.config-key`.
  static func setting(_ key: String) throws -> Setting {
    guard let setting = Setting(rawValue: key) else {
      let close = Suggestion.closest(to: key, among: Setting.allCases.map(\.rawValue))
      throw CohortError(
        .cliConfigKey, "There is no setting '\(key)'",
        hint: close.map { "Did you mean '\($0)'?" } ?? "'cohort config show' lists the settings")
    }
    return setting
  }

  /// Puts a changed file in the place of the old one, if it says what it shall.
  /// - Parameters:
  ///   - before: the file as it was: all else stays.
  ///   - isRight: looks at the file as it will be read.
  /// - Throws: `cli.config-edit`.
  static func write(
    _ text: String, to path: String, _ setting: Setting, before: ConfigurationFile,
    _ isRight: (ConfigurationFile) -> Bool
  ) throws {
    guard let file = try? ConfigurationFile(path, text), isRight(file),
      Setting.allCases.allSatisfy({ $0 == setting || file.entries[$0]?.value == before.entries[$0]?.value })
    else {
      throw CohortError(
        .cliConfigEdit, category: .usage,
        "The setting '\(setting.rawValue)' stands in the file in a way that is only changed by hand",
        place: path, hint: "Open the file in an editor; inline tables and keys of several lines are left alone")
    }
    do throws(Errno) {
      let mode = try? SystemCall.status(of: path).mode
      if let slash = path.lastIndex(of: "/") { try SystemCall.makeFolder(String(path[..<slash])) }
      try DurableFile.replace(path, with: [UInt8](text.utf8), mode: mode_t(mode ?? 0o644))
    } catch {
      throw CohortError(.cliConfigEdit, "The configuration cannot be written", place: path, cause: error.text)
    }
  }

  /// What a user should know who sets a value that something stronger overrides.
  static func note(_ setting: Setting, written path: String, _ session: Session) -> String? {
    let place =
      switch session.configuration.origin(setting) {
      case .environment(let name): "the variable \(name)"
      case .projectFile(let other, _) where other != path: other
      default: nil as String?
      }
    return place.map { "\($0) sets '\(setting.rawValue)', too: 'cohort config show' tells which value counts" }
  }
}

/// `cohort config set`
struct ConfigSet: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Write a setting into a file.",
    discussion: examples(
      "cohort config set format json", "cohort config set store data/store",
      "cohort config set ingest.dedupe store --in-store", "cohort config set workers 4 --user",
      text: """
        The file is cohort.toml in the current folder, unless --user or --in-store names another. Comments and all other \
        lines stay as they are. The value is checked before anything is written.
        """))

  @Argument(
    help: "The setting's key, as 'cohort config show' lists it.", completion: .list(Setting.allCases.map(\.rawValue)))
  var key: String
  @Argument(help: "Its value.") var value: String
  @OptionGroup var place: ConfigurationPlace
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let setting = try ConfigurationPlace.setting(key)
    var wanted = try setting.value(of: value, at: "the value")
    let path = try place.path(session)
    if setting == .store {
      guard !place.inStore else {
        throw CohortError(.cliConfigKey, "A store's own configuration cannot say where the store is", place: path)
      }
      // In a file a path counts from the file; here it was typed in the current folder.
      if place.user, !value.hasPrefix("/") { wanted = .text("\(Self.currentFolder)/\(value)") }
    }
    let before = try ConfigurationFile.text(at: path) ?? ""
    let file = try ConfigurationFile(path, before)
    let previous = file.entries[setting]?.value
    var text = ConfigurationText(before)
    text.set(setting, to: wanted)
    let expected = try ConfigurationFile(path, Self.line(setting, wanted)).entries[setting]?.value
    try ConfigurationPlace.write(text.text, to: path, setting, before: file) {
      $0.entries[setting]?.value == expected
    }
    if let note = ConfigurationPlace.note(setting, written: path, session) { session.progress.note(note) }
    try session.output.record([
      "key": .text(setting.rawValue), "value": wanted.output, "previous": previous?.output ?? .null,
      "file": .text(path),
    ])
    return .done
  }

  /// The setting alone, as a file has it.
  private static func line(_ setting: Setting, _ value: SettingValue) -> String {
    var text = ConfigurationText("")
    text.set(setting, to: value)
    return text.text
  }

  private static var currentFolder: String {
    guard let path = getcwd(nil, 0) else { return "." }
    defer { free(path) }
    return String(cString: path)
  }
}

/// `cohort config unset`
struct ConfigUnset: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "unset", abstract: "Take a setting out of a file.",
    discussion: examples("cohort config unset format", "cohort config unset workers --user"))

  @Argument(help: "The setting's key.", completion: .list(Setting.allCases.map(\.rawValue))) var key: String
  @OptionGroup var place: ConfigurationPlace
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let setting = try ConfigurationPlace.setting(key)
    let path = try place.path(session)
    let before = try ConfigurationFile.text(at: path) ?? ""
    let file = try ConfigurationFile(path, before)
    let previous = file.entries[setting]?.value
    if previous != nil {
      var text = ConfigurationText(before)
      _ = text.remove(setting)
      try ConfigurationPlace.write(text.text, to: path, setting, before: file) { $0.entries[setting] == nil }
    } else {
      session.progress.note("\(path) does not set '\(setting.rawValue)'")
    }
    try session.output.record([
      "key": .text(setting.rawValue), "previous": previous?.output ?? .null, "file": .text(path),
    ])
    return .done
  }
}
