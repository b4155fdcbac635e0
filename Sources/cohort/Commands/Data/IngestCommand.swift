import CohortCore
import ArgumentParser
import CohortActions
import CohortIngestion
import CohortPipeline
import CohortStore

/// `cohort ingest`
struct IngestCommand: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest", abstract: "Pour files, folders or standard input into the store.",
    discussion: examples(
      "cohort ingest data/*.jsonl --task-from-filename",
      "cohort ingest gsm8k/train.jsonl --task gsm8k --embeddings gsm8k.npy",
      "zcat dump.jsonl.gz | cohort ingest - --source dump --map prompt=q,response=a",
      "cohort ingest data --dry-run --json",
      text: """
        Ids follow the order of the paths, then of the records; a folder's files come in byte order of their names. \
        What is reported as inserted is durable, also when an error ends the command: run again, it goes on. Records \
        that cannot become samples go into quarantine with their reason, and the exit code is 6.
        """))

  @Argument(help: "Files, folders, or - for standard input.", completion: .file()) var paths: [String]

  @Option(
    help: ArgumentHelp(
      "auto, or \(Layout.known.map(\.name).joined(separator: ", ")), or one of your own; FILE.toml, which describes one; or "
        + "the format csv, tsv, jsonl.", valueName: "layout"),
    completion: .list(["auto"] + Layout.known.map(\.name) + ["csv", "tsv", "jsonl"]))
  var layout = "auto"

  @Option(
    help: ArgumentHelp(
      "Fields that hold the parts: prompt=KEY,response=KEY or messages=KEY, and system, task, tools, input, rejected, "
        + "label, …; a key may be a path: choices.0.text.", valueName: "map"))
  var map: String?

  @Option(
    help: ArgumentHelp("Who a role's name in the data stands for: NAME=user|assistant|system|tool.", valueName: "role"))
  var role: [String] = []

  @Option(help: ArgumentHelp("In trees of replies: take those up to this rank; 0 is the best.", valueName: "rank"))
  var maxRank = 0

  @Option(help: ArgumentHelp("The source's name, in place of the files' names.", valueName: "name"))
  var source: String?

  @Option(help: ArgumentHelp("The task of all samples.", valueName: "name")) var task: String?
  @Option(help: ArgumentHelp("The field with the task.", valueName: "key")) var taskField: String?
  @Flag(help: "The file's name is the task.") var taskFromFilename = false

  @Option(
    help: ArgumentHelp("Vectors: row i for the i-th record.", valueName: "file.npy"),
    completion: .file(extensions: ["npy"]))
  var embeddings: String?

  @Option(help: ArgumentHelp("The embedding space that they go to.", valueName: "name"))
  var space = IngestRequest.defaultSpace

  @Option(help: "Where equal samples count as duplicates. Else as the store was created.")
  var dedupe: DedupeScopeArgument?

  @Option(
    name: .customLong("identity"),
    help: ArgumentHelp(
      "Attributes that make records with equal messages other samples, beside rejected, images, tools and the like.",
      valueName: "key,..."))
  var identityKeys: String?
  @Option(
    name: .customLong("ignore"),
    help: ArgumentHelp("Attributes that do not, whatever they are called.", valueName: "key,..."))
  var ignoredKeys: String?
  @Flag(help: "Correct task and attributes of samples whose records come again with others.") var updateLabels = false

  @Option(help: ArgumentHelp("The longest record; longer ones are quarantined.", valueName: "bytes"))
  var maxLineBytes: Int?

  @Option(help: "Whether quotation marks in tables mean anything.")
  var quoting = QuotingArgument.auto
  @Option(help: ArgumentHelp("The split to read from a document that holds several.", valueName: "name"))
  var split: String?

  @OptionGroup var terms: SourceTermsArguments
  @Flag(help: "Read, count, and show what would become of each file's first records; store nothing.") var dryRun = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if [task != nil, taskField != nil, taskFromFilename].filter({ $0 }).count > 1 {
      throw ValidationError("--task, --task-field and --task-from-filename exclude each other.")
    }
    try validating {
      if let task { try NameRule.checkLabel(task, of: "task") }
      if let source { try NameRule.checkLabel(source, of: "source") }
    }
    if maxRank < 0 { throw ValidationError("--max-rank takes a number from 0.") }
    if updateLabels, dedupe?.scope == DedupeScope.none {
      throw ValidationError(
        "--update-labels corrects what duplicates are duplicates of: it needs --dedupe source or store.")
    }
    if let maxLineBytes, maxLineBytes < 1 { throw ValidationError("--max-line-bytes takes a number from 1.") }
    if paths.filter({ $0 == "-" }).count > 1 { throw ValidationError("Standard input can be read once.") }
  }

  func action(_ session: Session) throws -> IngestAction { IngestAction(try request(session)) }

  private func request(_ session: Session) throws -> IngestRequest {
    var options = IngestionOptions()
    try options.setLayout(layout, own: session.configuration.layouts)
    for role in role { try options.addRole(parsing: role) }
    options.highestRank = maxRank
    if dryRun { options.previewedRecords = 3 }
    options.map = try map.map { try FieldMap(parsing: $0) }
    options.sourceName = source
    options.quoting = quoting.rule
    options.split = split
    if let task { options.task = .fixed(task) }
    if let taskField { options.task = .field(taskField) }
    if taskFromFilename { options.task = .fileName }
    options.identity = IdentityRule(identityKeys: Self.keys(identityKeys), ignoredKeys: Self.keys(ignoredKeys))
    options.limits.recordBytes = maxLineBytes ?? session.configuration.integer(.ingestMaximumLineBytes)
    options.workers = session.configuration.integer(.workers)
    let scope = dedupe?.scope ?? session.configuration.optionalText(.ingestDedupe).flatMap { DedupeScope(name: $0) }
    var request = IngestRequest(
      paths: paths, options: options, dedupe: scope, embeddings: embeddings, space: space, isDryRun: dryRun)
    request.updatesLabels = updateLabels
    request.terms = terms.rule
    return request
  }

  private static func keys(_ list: String?) -> [String] {
    list?.split(separator: ",").map(String.init) ?? []
  }
}
