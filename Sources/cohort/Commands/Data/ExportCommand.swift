import ArgumentParser
import CohortActions
import CohortCore
import CohortPipeline
import CohortStore
import CohortSystem
import Foundation

/// `cohort export`
struct ExportCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write samples as JSON lines or a table.",
    discussion: examples(
      "cohort export --snapshot monday --as messages monday.jsonl",
      "cohort export --selection core --as messages core.jsonl",
      "cohort export --grouping topics --group 17 --as alpaca topic.jsonl",
      "cohort export --where \"SELECT first_sample AS id FROM ingests\" --as messages firsts.jsonl",
      "cohort export --search \"prime numbers\" --as messages primes.jsonl",
      "cohort export --task gsm8k --as prompt-completion - | head",
      "cohort export --as messages --with ids,source,lengths all.jsonl", "cohort export --as csv all.csv",
      "cohort export --as atlas atlas.jsonl",
      text: """
        Samples come in the order of their ids, those of a selection in its order, those of a search best first. The file appears when it is complete. Samples that the layout cannot \
        hold are left out and counted by reason; whatever is written is the same sample when it is ingested again. An \
        attribute whose key the layout needs stands under attributes.KEY. preference takes the samples that have the \
        attribute rejected. jsonl writes all that is known of a sample: what messages has, the texts of prompt and \
        response, and every key of --with. csv is the same as a table: messages, tools and attributes are JSON in one \
        cell. It is for spreadsheets and data frames; ingest reads the other layouts back.

        atlas writes what Embedding Atlas reads: the samples that have a vector, each with its place in the plane of the \
        first two principal components and its 15 nearest. Look at it with: embedding-atlas FILE --text text --x x --y y \
        --neighbors neighbors --disable-projection
        """))

  @Argument(help: "Where to write; - for standard output.", completion: .file()) var file: String
  @Option(
    help: ArgumentHelp("The samples of this snapshot. Else all of the store.", valueName: "name"),
    completion: StoreNames.snapshots)
  var snapshot: String?
  @Option(
    help: ArgumentHelp("The samples of this selection, in its order.", valueName: "name"),
    completion: StoreNames.selections)
  var selection: String?
  @Option(help: ArgumentHelp("The present members of this group; with --grouping.", valueName: "id")) var group: UInt32?
  @Option(
    help: ArgumentHelp("The grouping of --group. Not needed where the store has only one.", valueName: "name"),
    completion: StoreNames.groupings)
  var grouping: String?
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "The samples for which this SQL condition on the table samples holds; or a SELECT that gives their ids, in its order.",
      valueName: "sql"))
  var condition: String?
  @Option(
    help: ArgumentHelp(
      "The samples that hold these words, best first, as cohort sample search finds them.", valueName: "words"))
  var search: String?
  @Option(help: ArgumentHelp("Only samples of this task.", valueName: "name"), completion: StoreNames.tasks) var task:
    String?
  @Option(name: .customLong("as"), help: "The layout of a line.") var form: ExportForm
  @Option(
    name: .customLong("with"),
    help: ArgumentHelp("More keys of a line: ids, source, lengths, line, with commas between.", valueName: "list"))
  var columns: ColumnList?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if case .atlas = form, columns != nil {
      throw ValidationError("--with belongs to the other layouts: an atlas has its own columns.")
    }
    if case .layout(let layout) = form, layout.hasAllColumns, columns != nil {
      throw ValidationError("--with belongs to the other layouts: jsonl and csv have all of its keys.")
    }
    if case .parquet = form {
      throw ValidationError(
        "The Python package writes Parquet: cohort.open(\"STORE\").export(\"FILE.parquet\", as_=\"parquet\")")
    }
    if group == nil, grouping != nil { throw ValidationError("--grouping is that of a --group: say which one.") }
    if condition != nil, snapshot != nil || selection != nil || group != nil {
      throw ValidationError("--where excludes --snapshot, --selection and --group.")
    }
    if search != nil, snapshot != nil || selection != nil || condition != nil {
      throw ValidationError("--search excludes --snapshot, --selection and --where.")
    }
    if snapshot != nil, group != nil { throw ValidationError("--snapshot and --group exclude each other.") }
    if selection != nil, snapshot != nil || group != nil {
      throw ValidationError("--selection excludes --snapshot and --group.")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    let scope: ExportRequest.Scope =
      if let snapshot { .snapshot(snapshot) } else if let selection {
        .selection(selection)
      } else if let group {
        .group(GroupID(group), grouping: try session.grouping(grouping))
      } else {
        .everything
      }
    switch form {
    case .layout(let layout):
      let action = ExportAction(
        ExportRequest(scope: scope, layout: layout, task: task, columns: columns?.columns ?? [], path: file),
        where: condition, search: search)
      let report = try write(action, session) { try action.run(on: $0, $1, output: .standardOutput) }
      return try finish(report.record(file: file), written: report.written, note: report.note, session)
    case .atlas, .parquet:
      let action = AtlasAction(AtlasRequest(scope: scope, task: task, path: file), where: condition, search: search)
      let report = try write(action, session) { try action.run(on: $0, $1, output: .standardOutput) }
      return try finish(report.record(file: file), written: report.written, note: report.note, session)
    }
  }

  private func write<Report>(
    _ action: some Action, _ session: Session, _ work: (Store, JobControl) throws -> Report
  ) throws -> Report {
    let store = try session.open(for: action.access, action.name)
    do {
      return try work(store, session.jobControl())
    } catch let error as CohortError
      where error.code == .pipelineExport && file == "-" && error.category == .failure && isReaderGone()
    {
      throw OutputClosed()
    }
  }

  private func finish(
    _ record: ReportRecord, written: UInt64, note: String?, _ session: Session
  ) throws -> Outcome {
    session.progress.finish()
    if let note { session.progress.note(note) }
    guard file != "-" else {
      session.progress.tell("wrote \(written) samples")
      return .done
    }
    try session.output.record(record)
    return .done
  }

  /// Whether nobody reads standard output any more.
  private func isReaderGone() -> Bool {
    var state = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
    return poll(&state, 1, 0) > 0 && state.revents & Int16(POLLERR) != 0
  }
}

/// What `--as` takes: a layout of samples, or an atlas.
enum ExportForm: ExpressibleByArgument, Sendable {
  case layout(ExportLayout)
  case atlas
  /// Refused with a word on who writes it.
  case parquet

  init?(argument: String) {
    if argument == "atlas" {
      self = .atlas
    } else if argument == "parquet" {
      self = .parquet
    } else if let layout = ExportLayout(rawValue: argument) {
      self = .layout(layout)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] { ExportLayout.allCases.map(\.rawValue) + ["atlas"] }
}

/// What `--with` takes: `ids,source`.
struct ColumnList: ExpressibleByArgument, Sendable {
  let columns: Set<ExportColumn>

  init?(argument: String) {
    var columns: Set<ExportColumn> = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let column = ExportColumn(rawValue: part.filter { $0 != " " }) else { return nil }
      columns.insert(column)
    }
    self.columns = columns
  }

  static var allValueStrings: [String] { ExportColumn.allCases.map(\.rawValue) }
}
