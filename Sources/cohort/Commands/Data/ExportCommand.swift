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
      text: """
        Samples come in the order of their ids. The file appears when it is complete. Samples that the layout cannot \
        hold are left out and counted.
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
    let action = ExportAction(ExportRequest(scope: scope, layout: layout, task: task, path: file))
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
    guard file != "-" else {
      let left = report.skipped.values.reduce(0, +)
      let text = "wrote \(report.written) samples, left out \(left)"
      if left > 0 { session.progress.note(text) } else { session.progress.tell(text) }
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
