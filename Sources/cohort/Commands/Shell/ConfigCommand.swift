import ArgumentParser
import CohortActions

/// `cohort config`
struct ConfigCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Settings: their values, and where each comes from.",
    discussion: examples(
      "cohort config show", "cohort config set format json", "cohort config set workers 4 --user",
      "cohort config unset format"), subcommands: [ConfigShow.self, ConfigSet.self, ConfigUnset.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort config show`
struct ConfigShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show every setting with its value and origin.",
    discussion: examples(
      "cohort config show", "COHORT_WORKERS=1 cohort config show --json",
      text: """
        The strongest wins: a flag, the environment (COHORT_STORE, COHORT_WORKERS, ...), cohort.toml in the current \
        folder, cohort.toml in the store, $XDG_CONFIG_HOME/cohort/config.toml, the default.
        """))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let rows = Setting.allCases.map { setting -> ReportRecord in
      let origin = session.configuration.origin(setting)
      return [
        "key": .text(setting.rawValue), "value": session.configuration.value(setting)?.output ?? .null,
        "origin": .text(origin.name), "place": .optional(origin.place),
        "environment": .text(setting.environmentName),
      ]
    }
    try session.output.list(["key", "value", "origin", "place", .hidden("environment")], rows)
    return .done
  }
}
