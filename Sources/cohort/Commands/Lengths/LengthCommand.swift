import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

/// `cohort length`
struct LengthCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "length", abstract: "Length measures: what the lengths of samples count.",
    discussion: examples(
      "cohort length add tokens --unit tokens --tokenizer models/llama/tokenizer.json", "cohort length list",
      "cohort grouping create lengths --by length:tokens --quantiles 8", "cohort length drop tokens"),
    subcommands: [LengthAdd.self, LengthList.self, LengthDrop.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort length add`
struct LengthAdd: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a length measure beside the store's own.",
    discussion: examples(
      "cohort length add bytes --unit bytes",
      "cohort length add llama --unit tokens --tokenizer models/llama/tokenizer.json",
      text: """
        The measure starts empty; 'cohort update' and the daemon measure the samples that are there and those that come. \
        The tokenizer is copied into the store. 'default' is the measure that the store was created with.
        """))

  @Argument(help: "The measure's name.") var name: String
  @Option(help: "What it counts.") var unit: CountedUnitArgument
  @Option(
    help: ArgumentHelp("The tokenizer.json that counts; with --unit tokens.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var tokenizer: String?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if (unit.unit == .tokens) != (tokenizer != nil) {
      throw ValidationError("--unit tokens and --tokenizer go together.")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    try NameRule.check(name, of: "length measure")
    guard !name.contains("*") else {
      throw CohortError.usage(
        "This cannot be the name of a length measure: \(name)", hint: "--by takes a star for a product of two groupings"
      )
    }
    let store = try session.writableStore(for: "length add")
    let measure = try MeasureLibrary.add(store, name: name, unit: unit.unit, tokenizer: tokenizer)
    try session.output.record(try store.read { try measure.output($0) })
    return .done
  }
}

/// `cohort length list`
struct LengthList: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the length measures and how many samples they have measured.",
    discussion: examples("cohort length list", "cohort length list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.readableStore()
    let records = try store.read { try $0.lengthMeasures(of: store.configuration) }
    try session.output.list(LengthMeasure.columns, records)
    return .done
  }
}

/// `cohort length drop`
struct LengthDrop: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a length measure that no grouping divides by.",
    discussion: examples("cohort length drop llama"))

  @Argument(help: "The measure.", completion: StoreNames.measures) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    guard name != SampleLengths.ownMeasure else {
      throw CohortError.usage(
        "The length measure \"\(name)\" was chosen when the store was created, and stays",
        hint: "Further measures can be dropped: cohort length list")
    }
    let store = try session.writableStore(for: "length drop")
    _ = try store.read { try $0.existingMeasure(name) }
    try MeasureLibrary.drop(store, named: name)
    try session.output.record(["dropped": .text(name)])
    return .done
  }
}
