import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

/// `cohort grouping leakage`
struct GroupingLeakage: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "leakage", abstract: "List the samples that lie very near to an anchor.",
    discussion: examples(
      "cohort grouping leakage exams", "cohort grouping leakage exams --threshold 0.95 --json",
      "cohort grouping leakage exams --counts",
      text: """
        Anchors are often a benchmark's development set: a sample that is nearly one of them would make the benchmark \
        look easier than it is. 'cohort group list --json' counts them, too.
        """))

  @Argument(help: "A grouping by anchors.", completion: StoreNames.groupings) var name: String
  @Option(
    help: ArgumentHelp(
      "At least this cosine; if nothing is said, what the grouping was made with.", valueName: "cosine"))
  var threshold: Float?
  @Flag(help: "Only how many there are in each group.") var counts = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if let threshold, !(threshold > -1 && threshold <= 1) {
      throw ValidationError("--threshold takes a cosine up to 1.")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.readableStore()
    let labels = try store.read { transaction in
      let grouping = try transaction.existingGrouping(name)
      return try transaction.groups(of: grouping.id).map { (id: $0.id, label: $0.geometry.text ?? "") }
    }
    let names = Dictionary(labels.map { ($0.id, $0.label) }) { first, _ in first }
    if counts {
      var found: [GroupID: Int] = [:]
      try Leakage.forEach(store, grouping: name, threshold: threshold) { found[$0.group, default: 0] += 1 }
      try session.output.list(
        ["group", "label", "leaked"],
        labels.map { ["group": .id($0.id), "label": .text($0.label), "leaked": .count(found[$0.id] ?? 0)] })
    } else {
      let printer = session.output.rows(["id", "group", "label", "cosine"])
      try Leakage.forEach(store, grouping: name, threshold: threshold) { sample in
        try printer.print([
          "id": .id(sample.id), "group": .id(sample.group), "label": .text(names[sample.group] ?? ""),
          "cosine": .number(sample.cosine),
        ])
      }
      try printer.finish()
    }
    return .done
  }
}
