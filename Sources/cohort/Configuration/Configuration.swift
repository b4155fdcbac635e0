import CohortCore
import CohortIngestion
import CohortSystem

/// All settings with their values and origins: flag > environment > project file > user file > default.
struct Configuration {
  private let values: [Setting: (value: SettingValue?, origin: SettingOrigin)]
  /// The layouts that the files describe; of several of one name the first counts.
  let layouts: [Layout]

  /// Where settings are looked for. A value, so that resolving is a function of it and of the files.
  struct Sources {
    /// Flags that were given, with the names they were given by.
    var flags: [Setting: (text: String, name: String)]
    var environment: (String) -> String?
    var processors: Int
  }

  /// - Throws: `cli.config-value` for values that mean nothing; as `ConfigurationFile.read` for files.
  static func resolve(_ sources: Sources) throws -> Configuration {
    var layers: [[Setting: (SettingValue, SettingOrigin)]] = []

    var flags: [Setting: (SettingValue, SettingOrigin)] = [:]
    for (setting, flag) in sources.flags {
      flags[setting] = (try setting.value(of: flag.text, at: flag.name), .flag(flag.name))
    }
    layers.append(flags)

    var environment: [Setting: (SettingValue, SettingOrigin)] = [:]
    for setting in Setting.allCases {
      let name = setting.environmentName
      guard let text = sources.environment(name), !text.isEmpty else { continue }
      environment[setting] = (try setting.value(of: text, at: name), .environment(name))
    }
    layers.append(environment)

    var layouts: [Layout] = []
    let project = try ConfigurationFile.read("cohort.toml")
    layouts += project?.layouts ?? []
    if let project { layers.append(layer(of: project) { .projectFile(project.path, line: $0) }) }
    let user = try userFile(sources.environment).flatMap(ConfigurationFile.read)
    let userLayer = user.map { file in layer(of: file) { .userFile(file.path, line: $0) } }

    // The store's own file comes after the current folder's, and cannot say where the store is.
    var store: SettingValue? = Setting.store.defaultValue(processors: sources.processors)
    if let found = (layers + [userLayer ?? [:]]).lazy.compactMap({ $0[.store] }).first { store = found.0 }
    if case .text(let path) = store, let file = try ConfigurationFile.read(StoreLayout(path).configuration) {
      if let entry = file.entries[.store] {
        throw CohortError(
          .cliConfigKey, "A store's own configuration cannot say where the store is",
          place: file.path + (entry.line.map { ":\($0)" } ?? ""), hint: "Remove the key 'store' there")
      }
      layers.append(layer(of: file) { .projectFile(file.path, line: $0) })
      layouts += file.layouts
    }
    layouts += user?.layouts ?? []
    if let userLayer { layers.append(userLayer) }

    var values: [Setting: (value: SettingValue?, origin: SettingOrigin)] = [:]
    for setting in Setting.allCases {
      let found = layers.lazy.compactMap { $0[setting] }.first
      values[setting] = found.map { ($0.0, $0.1) } ?? (setting.defaultValue(processors: sources.processors), .standard)
    }
    return Configuration(values: values, layouts: layouts)
  }

  private static func layer(
    of file: ConfigurationFile, origin: (Int?) -> SettingOrigin
  ) -> [Setting: (SettingValue, SettingOrigin)] {
    file.entries.mapValues { ($0.value, origin($0.line)) }
  }

  /// `$XDG_CONFIG_HOME/cohort/config.toml`, by the XDG base directory specification: relative paths are ignored, and
  /// `~/.config` stands in for a missing one.
  static func userFile(_ environment: (String) -> String?) -> String? {
    if let base = environment("XDG_CONFIG_HOME"), base.hasPrefix("/") { return base + "/cohort/config.toml" }
    guard let home = environment("HOME"), !home.isEmpty else { return nil }
    return home + "/.config/cohort/config.toml"
  }

  /// Nil where nothing is said and the store decides.
  func value(_ setting: Setting) -> SettingValue? {
    guard let known = values[setting] else { return setting.defaultValue(processors: 1) }
    return known.value
  }

  func origin(_ setting: Setting) -> SettingOrigin { values[setting]?.origin ?? .standard }

  func optionalText(_ setting: Setting) -> String? {
    switch value(setting) {
    case .text(let text): text
    case .integer(let number): String(number)
    case nil: nil
    }
  }

  func text(_ setting: Setting) -> String { optionalText(setting) ?? "" }

  func integer(_ setting: Setting) -> Int {
    if case .integer(let number) = value(setting) { return number }
    return 0
  }
}
