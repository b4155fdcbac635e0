import ArgumentParser

/// `cohort sample`
struct SampleCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Look at samples, find them, correct their labels, take them out.",
    discussion: examples(
      "cohort sample show 17", "cohort sample search \"prime numbers\"", "cohort sample near --id 17",
      "cohort sample duplicates --threshold 0.98",
      "cohort sample relabel --task maht --to-task math",
      "cohort sample delete 17 --reason take-down"),
    subcommands: [
      SampleShow.self, SampleSearchCommand.self, SampleNear.self, SampleDuplicates.self, SampleRelabel.self,
      SampleDelete.self,
    ])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}
