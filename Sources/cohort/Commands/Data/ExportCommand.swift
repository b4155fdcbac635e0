public import ArgumentParser
import CohortActions
import CohortCore
public import CohortPipeline
import CohortSystem
import Foundation

/// `cohort export`
struct ExportCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write samples as JSON lines.",
    discussion: examples(
      "cohort export --snapshot monday --as messages monday.jsonl",
      "cohort export --grouping topics --group 17 --as alpaca topic.jsonl",
      "cohort export --task gsm8k --as prompt-completion - | head",
      "cohort export --as messages --with ids,source,lengths all.jsonl",
      text: """
        Samples come in the order of their ids. The file appears when it is complete. Samples that the layout cannot \
        hold are left out and counted by reason; whatever is written is the same sample when it is ingested again. An \
        attribute whose key the layout needs stands under attributes.KEY. preference takes the samples that have the \
        attribute rejected.
        """))

  @Argument(help: "Where to write; - for standard output.", completion: .file()) var file: String
  @Option(
    help: ArgumentHelp("The samples of this snapshot. Else all of the store.", valueName: "name"),
    completion: StoreNames.snapshots)
  var snapshot: String?
  @Option(help: ArgumentHelp("The present members of this group; with --grouping.", valueName: "id")) var group: UInt32?
  @Option(help: ArgumentHelp("The grouping of --group.", valueName: "name"), completion: StoreNames.groupings)
  var grouping: String?
  @Option(help: ArgumentHelp("Only samples of this task.", valueName: "name"), completion: StoreNames.tasks) var task:
    String?
  @Option(name: .customLong("as"), help: "The layout of a line.") var layout: ExportLayout
  @Option(
    name: .customLong("with"),
    help: ArgumentHelp("More keys of a line: ids, source, lengths, line, with commas between.", valueName: "list"))
  var columns: ColumnList?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if (group != nil) != (grouping != nil) { throw ValidationError("--group and --grouping go together.") }
    if snapshot != nil, group != nil { throw ValidationError("--snapshot and --group exclude each other.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    let scope: ExportRequest.Scope =
      if let snapshot { .snapshot(snapshot) } else if let group, let grouping {
        .group(GroupID(group), grouping: grouping)
      } else {
        .everything
      }
    let action = ExportAction(
      ExportRequest(scope: scope, layout: layout, task: task, columns: columns?.columns ?? [], path: file))
    let store = try session.open(for: action.access, ExportAction.name)
    let report: ExportReport
    do {
      report = try action.run(on: store, session.jobControl(), output: .standardOutput)
    } catch let error as CohortError
      where error.code == .pipelineExport && file == "-" && error.category == .failure && isReaderGone()
    {
      throw OutputClosed()
    }
    session.progress.finish()
    if let note = report.note { session.progress.note(note) }
    guard file != "-" else {
      session.progress.tell("wrote \(report.written) samples")
      return .done
    }
    try session.output.record(report.record(file: file))
    return .done
  }

  /// Whether nobody reads standard output any more.
  private func isReaderGone() -> Bool {
    var state = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
    return poll(&state, 1, 0) > 0 && state.revents & Int16(POLLERR) != 0
  }
}

extension ExportLayout: ExpressibleByArgument {}

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
