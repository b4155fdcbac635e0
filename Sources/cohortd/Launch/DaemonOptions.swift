internal import ArgumentParser
import CohortActions
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortSystem
import Logging

/// What the daemon is told on its command line. Words that `cohort ingest` knows mean the same here.
struct DaemonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A store's folder; may be given several times. Else COHORT_STORE, else ./cohort.", valueName: "path"),
    completion: .directory)
  var store: [String] = []

  @Option(
    help: ArgumentHelp(
      "The inbox of the store given at the same place. Else the folder inbox in the store.", valueName: "path"),
    completion: .directory)
  var inbox: [String] = []

  @Option(help: ArgumentHelp("The layout of the files, or auto.", valueName: "layout"))
  var layout = "auto"
  @Option(help: ArgumentHelp("Fields that hold the parts: prompt=KEY,response=KEY,task=KEY.", valueName: "map"))
  var map: String?
  @Option(help: ArgumentHelp("The task of all samples.", valueName: "name")) var task: String?
  @Option(help: ArgumentHelp("The field with the task.", valueName: "key")) var taskField: String?
  @Flag(help: "The file's name is the task.") var taskFromFilename = false
  @Flag(help: "The name of the file's folder in the inbox is the task.") var taskFromFolder = false
  @Option(help: ArgumentHelp("The embedding space that vectors go to.", valueName: "name"))
  var space = IngestRequest.defaultSpace
  @Option(help: ArgumentHelp("Where equal samples count as duplicates: source or store.", valueName: "scope"))
  var dedupe: InboxDedupe?
  @Option(help: ArgumentHelp("The longest record; longer ones are quarantined.", valueName: "bytes"))
  var maxLineBytes = 16 << 20
  @Option(
    help: ArgumentHelp("Whether quotation marks in tables mean anything: auto, always or never.", valueName: "rule"))
  var quoting = IngestionOptions.Quoting.auto.rawValue
  @Option(help: ArgumentHelp("The split to read from a document that holds several.", valueName: "name"))
  var split: String?
  @Option(help: ArgumentHelp("Threads that parse. Results never depend on it.", valueName: "n"))
  var workers: Int?

  @Option(help: "What becomes of a file whose samples are durable.") var consume = Consumption.move
  @Option(
    help: ArgumentHelp("How long a file must not change, unless it was renamed into the inbox.", valueName: "seconds"))
  var quiet = 1.0
  @Option(help: ArgumentHelp("How often the inboxes are looked through, whatever was noticed.", valueName: "seconds"))
  var rescan = 30.0
  @Option(
    help: ArgumentHelp(
      "Take no files while less than this is free. Else 1 GiB, or 2 % of the disk if that is more.",
      valueName: "bytes"))
  var minimumFree: UInt64?
  @Flag(help: "Take what is in the inboxes, bring the groupings up to date, and end.") var once = false

  @Option(help: "How the log on standard error looks.") var logFormat = LogFormat.logfmt
  @Option(help: "The least severe messages to log: debug, info, warning or error.") var logLevel = LogLevel.info

  mutating func validate() throws {
    if !inbox.isEmpty, inbox.count != max(store.count, 1) {
      throw ValidationError("Give no --inbox, or one for each --store, in the same order.")
    }
    if [task != nil, taskField != nil, taskFromFilename, taskFromFolder].filter({ $0 }).count > 1 {
      throw ValidationError(
        "--task, --task-field, --task-from-filename and --task-from-folder exclude each other.")
    }
    if maxLineBytes < 1 { throw ValidationError("--max-line-bytes takes a number from 1.") }
    if let workers, !(1...1024).contains(workers) { throw ValidationError("--workers takes a number from 1 to 1024.") }
    for (name, value, range) in [("--quiet", quiet, 0...3600), ("--rescan", rescan, 0.1...86_400)]
    where !range.contains(value) {
      throw ValidationError("\(name) takes seconds from \(range.lowerBound) to \(range.upperBound).")
    }
    _ = try ingestion()
  }

  /// How files are read, the task by folder aside.
  func ingestion() throws -> IngestionOptions {
    var options = IngestionOptions()
    do {
      try options.setLayout(layout)
      if let map { options.map = try FieldMap(parsing: map) }
    } catch let error as CohortError {
      throw ValidationError(error.description)
    }
    if let task { options.task = .fixed(task) }
    if let taskField { options.task = .field(taskField) }
    if taskFromFilename { options.task = .fileName }
    guard let rule = IngestionOptions.Quoting(rawValue: quoting) else {
      throw ValidationError("--quoting takes auto, always or never.")
    }
    options.quoting = rule
    options.split = split
    options.limits.recordBytes = maxLineBytes
    options.workers = workers ?? min(max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1), 8)
    return options
  }

  /// The stores and their inboxes.
  var places: [(store: String, inbox: String)] {
    let environment = getenv("COHORT_STORE").map { String(cString: $0) }
    let stores = store.isEmpty ? [environment.flatMap { $0.isEmpty ? nil : $0 } ?? "./cohort"] : store
    return stores.enumerated().map { index, store in
      (
        store,
        index < inbox.count ? inbox[index] : StoreLayout(store.hasSuffix("/") ? String(store.dropLast()) : store).inbox
      )
    }
  }
}

/// What becomes of a file whose samples are durable.
enum Consumption: String, ExpressibleByArgument, CaseIterable, Sendable {
  case move, delete
}

/// The scopes of duplicates that an inbox can have: a file may come twice after a crash, so there must be one.
enum InboxDedupe: String, ExpressibleByArgument, CaseIterable, Sendable {
  case source, store

  var scope: DedupeScope { self == .source ? .source : .store }
}

/// The levels of severity that can be asked for.
enum LogLevel: String, ExpressibleByArgument, CaseIterable, Sendable {
  case debug, info, warning, error

  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

extension LogFormat: ExpressibleByArgument {}
