import ArgumentParser
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore

/// `cohort ingest`
struct IngestCommand: CohortCommand {
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
      "auto, or messages, sharegpt, lima, prompt-completion, p3, flan, dolly, orca, alpaca, qa, natural-instructions, "
        + "text, preference; or the format csv, tsv, jsonl.", valueName: "layout"),
    completion: .list(["auto"] + Layout.allCases.map(\.rawValue) + ["csv", "tsv", "jsonl"]))
  var layout = "auto"

  @Option(help: ArgumentHelp("Fields that hold the parts: prompt=KEY,response=KEY,task=KEY.", valueName: "map"))
  var map: String?

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

  @Option(help: ArgumentHelp("The longest record; longer ones are quarantined.", valueName: "bytes"))
  var maxLineBytes: Int?

  @Flag(help: "Read and count, and store nothing.") var dryRun = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if [task != nil, taskField != nil, taskFromFilename].filter({ $0 }).count > 1 {
      throw ValidationError("--task, --task-field and --task-from-filename exclude each other.")
    }
    if let maxLineBytes, maxLineBytes < 1 { throw ValidationError("--max-line-bytes takes a number from 1.") }
    if paths.filter({ $0 == "-" }).count > 1 { throw ValidationError("Standard input can be read once.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let request = try request(session)
    let store = dryRun ? try session.readableStore() : try session.writableStore(for: "ingest")
    var report = IngestReport()
    var failure: (CohortError)?
    do {
      try IngestJob.run(store, request, control: session.jobControl(), into: &report)
    } catch {
      guard !dryRun, report.records > 0, let error = error as? CohortError else { throw error }
      failure = report.explain(error, dedupe: request.dedupe ?? store.configuration.dedupe)
    }
    session.progress.finish()
    for note in report.notes { session.progress.note(note.description) }
    for other in report.failures.dropFirst(failure == nil ? 1 : 0) { session.progress.note(other.error.description) }
    if let failure = failure ?? report.failures.first?.error {
      if session.output.format.isJSON { throw ReportedFailure(error: failure, result: report.output) }
      try session.output.record(session.output.format == .table ? report.summary : report.output)
      throw failure
    }
    try session.output.record(session.output.format == .table ? report.summary : report.output)
    guard report.quarantined > 0 else { return .done }
    session.progress.note(
      "\(report.quarantined) records are in quarantine: cohort sql \"SELECT * FROM quarantine\" shows why")
    return .quarantined
  }

  private func request(_ session: Session) throws -> IngestRequest {
    var options = IngestionOptions()
    try options.setLayout(named: layout)
    options.map = try map.map { try FieldMap(parsing: $0) }
    options.sourceName = source
    if let task { options.task = .fixed(task) }
    if let taskField { options.task = .field(taskField) }
    if taskFromFilename { options.task = .fileName }
    options.limits.recordBytes = maxLineBytes ?? session.configuration.integer(.ingestMaximumLineBytes)
    options.workers = session.configuration.integer(.workers)
    let scope = dedupe?.scope ?? session.configuration.optionalText(.ingestDedupe).flatMap { DedupeScope(name: $0) }
    return IngestRequest(
      paths: paths, options: options, dedupe: scope, embeddings: embeddings, space: space, isDryRun: dryRun)
  }
}

extension IngestReport {
  /// An error that ended the ingestion when a part of it was stored already: what is true of that part, and how to go on.
  fileprivate func explain(_ error: CohortError, dedupe: DedupeScope) -> CohortError {
    let what = error.category == .interrupted ? "Interrupted" : error.message
    var explained = CohortError(
      error.code, category: error.category, "\(what); what was taken in before (\(inserted) new samples) stays",
      place: error.place, cause: error.cause, hint: error.hint)
    guard error.category == .temporary || error.category == .interrupted else { return explained }
    let before = ErrorCode.storeNoRoom.contains(error.code) ? "Free some space. " : ""
    explained.hint =
      dedupe == .none
      ? "\(before)The first \(records) records are done; without a look for duplicates, the same command would take "
        + "them in again"
      : "\(before)Run the same command again to go on: it knows what it has taken in"
    return explained
  }

  /// What people want to know.
  var summary: OutputRecord {
    var record: OutputRecord = [
      "inserted": .count(inserted), "duplicates": .count(duplicates), "quarantined": .count(quarantined),
    ]
    for reason in reasons.sorted(by: { $0.key < $1.key }) { record.append("  \(reason.key)", .count(reason.value)) }
    record.append("records", .count(records))
    record.append("sources", .count(sources.count))
    if embedded > 0 || withoutVector > 0 {
      record.append("embedded", .count(embedded))
      record.append("without_vector", .count(withoutVector))
    }
    if isDryRun { record.append("dry_run", true) }
    return record
  }

  var output: OutputRecord {
    [
      "inserted": .count(inserted), "duplicates": .count(duplicates), "quarantined": .count(quarantined),
      "newly_quarantined": .count(newlyQuarantined), "records": .count(records), "embedded": .count(embedded),
      "without_vector": .count(withoutVector), "input_bytes": .count(inputBytes), "dry_run": .boolean(isDryRun),
      "reasons": .record(
        OutputRecord(reasons.sorted { $0.key < $1.key }.map { (name: $0.key, value: .count($0.value)) })),
      "sources": .list(
        sources.map { source in
          .record([
            "source": .text(source.name), "path": .text(source.path), "layout": .optional(source.layout),
            // Other keys than those of the totals: a script that looks for "inserted" finds it once.
            "new": .count(source.inserted), "known": .count(source.duplicates), "refused": .count(source.quarantined),
          ])
        }),
      "notes": .list(notes.map { .text($0.description) }),
      "failures": .list(
        failures.map { failure in
          .record([
            "code": .text(failure.error.code.name), "message": .text(failure.error.message),
            "place": .optional(failure.error.place), "cause": .optional(failure.error.cause),
          ])
        }),
    ]
  }
}
