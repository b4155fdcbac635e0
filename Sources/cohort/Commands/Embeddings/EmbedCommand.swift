import ArgumentParser

/// `cohort embed`
struct EmbedCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "embed", abstract: "Look at what makes embeddings.",
    discussion: examples("cohort embed check --url http://localhost:8000 --model BAAI/bge-small-en-v1.5"),
    subcommands: [EmbedCheck.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}
