import ArgumentParser

/// `cohort embed`
struct EmbedCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "embed", abstract: "Make vectors, and look at what makes them.",
    discussion: examples(
      "cohort embed", "cohort embed --space answers",
      "cohort embed check --url http://localhost:8000 --model BAAI/bge-small-en-v1.5"),
    subcommands: [EmbedRun.self, EmbedCheck.self], defaultSubcommand: EmbedRun.self)

  @OptionGroup(title: "Global options") var global: GlobalOptions
}
