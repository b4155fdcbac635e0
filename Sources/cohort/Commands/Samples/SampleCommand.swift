import ArgumentParser

/// `cohort sample`
struct SampleCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Look at samples, find them, correct their labels, take them out.",
    discussion: examples(
      "cohort sample show 17", "cohort sample search \"prime numbers\"",
      "cohort sample relabel --task maht --to-task math",
      "cohort sample delete 17 --reason take-down"),
    subcommands: [SampleShow.self, SampleSearchCommand.self, SampleRelabel.self, SampleDelete.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}
