public import ArgumentParser
public import CohortCore
import CohortActions

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
struct LengthAdd: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a length measure beside the store's own.",
    discussion: examples(
      "cohort length add bytes --unit bytes",
      "cohort length add llama --unit tokens --tokenizer models/llama/tokenizer.json",
      "cohort length add thoughts --unit words --part reasoning",
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
  @Option(help: "What counts of each message: all of it, its answer and calls, or its reasoning.")
  var part: MessageParts.Part = .everything
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if (unit.unit == .tokens) != (tokenizer != nil) {
      throw ValidationError("--unit tokens and --tokenizer go together.")
    }
  }

  func action(_ session: Session) -> LengthAddAction {
    LengthAddAction(measure: name, unit: unit.unit, tokenizer: tokenizer, part: part)
  }
}

/// `cohort length list`
struct LengthList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the length measures and how many samples they have measured.",
    discussion: examples("cohort length list", "cohort length list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> LengthListAction { LengthListAction() }
}

/// `cohort length drop`
struct LengthDrop: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a length measure that no grouping divides by.",
    discussion: examples("cohort length drop llama"))

  @Argument(help: "The measure.", completion: StoreNames.measures) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> DropAction { DropAction(.measure, named: name) }
}

extension MessageParts.Part: ExpressibleByArgument {
  /// The part of a word after `--part`; nil for any other word.
  public init?(argument: String) { self.init(name: argument) }

  /// The words that can be given, for help and completion.
  public static var allValueStrings: [String] { allCases.map(\.name) }

  /// The word itself.
  public var defaultValueDescription: String { name }
}
