import CohortCore
import ArgumentParser
import CohortPipeline
import CohortStore

/// `cohort embed run`, and `cohort embed` alone.
struct EmbedRun: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Give vectors to the samples that have none yet.",
    discussion: examples(
      "cohort embed", "cohort embed --space answers", "cohort embed --space answers --retry-refused",
      text: """
        'cohort update' does so before it updates the groupings. Vectors are committed in slices: interrupted, the work \
        goes on where it was. A text that the encoder refuses is set aside with its reason ('cohort space show NAME') and \
        tried again only with --retry-refused; the exit code is 6 then.
        """))

  @Option(help: ArgumentHelp("Only this embedding space.", valueName: "name"), completion: StoreNames.spaces)
  var space: String?
  @Flag(help: "Also what the encoder refused before.") var retryRefused = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let store = try session.writableStore(for: "embed")
    if let space {
      let found = try store.read { try $0.existingSpace(space) }
      guard !found.isGiven else {
        throw CohortError.usage(
          "The vectors of space \"\(space)\" are given, not made",
          hint: "Give them while ingesting: cohort ingest DATA --embeddings FILE.npy")
      }
    }
    let reports = try session.embedPending(store, only: space, retryingRefused: retryRefused)
    try session.output.list(EmbedReport.columns, reports.map(\.output))
    return reports.contains { $0.refused > 0 } ? .quarantined : .done
  }
}

extension Session {
  /// Embeds what waits for it in the spaces that have an encoder.
  func embedPending(_ store: Store, only: String? = nil, retryingRefused: Bool = false) throws -> [EmbedReport] {
    let reports = try SpaceJob.embedPending(
      store, only: only, retryingRefused: retryingRefused, control: jobControl())
    progress.finish()
    for report in reports where report.refused > 0 {
      progress.note(
        "\(report.refused) samples got no vector in space \"\(report.space)\": 'cohort space show \(report.space)' shows why"
      )
    }
    return reports
  }
}

extension EmbedReport {
  static let columns: [Column] = ["space", "embedded", "without_vector", "refused"]

  var output: OutputRecord {
    [
      "space": .text(space), "embedded": .count(embedded), "without_vector": .count(without),
      "refused": .count(refused),
    ]
  }
}
