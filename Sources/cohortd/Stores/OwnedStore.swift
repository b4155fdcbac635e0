import CohortActions
import CohortCatalog
import CohortCore
import CohortPipeline
import CohortStore
import Logging

/// A store that this process owns, and what follows its log: vectors, lengths, groupings and the catalog. Lives on one
/// thread.
final class OwnedStore {
  let store: Store
  private let updater: StoreUpdater
  /// Codes of what was logged of parts that cannot be brought up to date. They are tried again.
  private var troubles: [UpdatePart: ErrorCode] = [:]
  private var catalog: Catalog?
  /// The error of the catalog that was told of last.
  private var catalogTrouble: ErrorCode?
  private let log: Logger

  init(_ store: Store, log: Logger) {
    self.store = store
    self.log = log
    updater = StoreUpdater(store)
  }

  /// Whether vectors or lengths wait that could not be made.
  var isBehind: Bool { troubles.keys.contains { $0.kind != .grouping } }

  /// Embeds, measures and groups what is pending. Trouble with one part (its server is gone, its state is damaged) is
  /// logged, and stops no other.
  /// - Throws: `pipeline.interrupted`, and what the store throws. What was committed is kept.
  func update(_ control: JobControl) throws {
    let report = try updater.update(control: control) { tell(of: $0) }
    let parts = Set(report.troubles.map(\.part))
    troubles = troubles.filter { parts.contains($0.key) }
  }

  private func tell(of event: UpdateEvent) {
    switch event {
    case .embedded(let report, let seconds):
      log.log(
        level: report.refused > 0 ? .warning : .info, "embedded",
        metadata: [
          "space": .string(report.space), "vectors": .stringConvertible(report.embedded),
          "without_vector": .stringConvertible(report.without), "refused": .stringConvertible(report.refused),
          "seconds": .stringConvertible(seconds),
        ])
    case .measured(let report, let seconds):
      log.info(
        "measured",
        metadata: [
          "measure": .string(report.measure), "samples": .stringConvertible(report.measured),
          "seconds": .stringConvertible(seconds),
        ])
    case .grouped(let update, let digest, let seconds):
      let isNews = update.rounds > 0 || update.assigned > 0 || update.deleted > 0
      log.log(
        level: isNews ? .info : .debug, "updated",
        metadata: [
          "grouping": .string(update.grouping), "rounds": .stringConvertible(update.rounds),
          "assigned": .stringConvertible(update.assigned), "splits": .stringConvertible(update.splits),
          "merges": .stringConvertible(update.merges), "deleted": .stringConvertible(update.deleted),
          "groups": .stringConvertible(update.groups), "provisional": .stringConvertible(update.provisional),
          "pending": .stringConvertible(update.pending), "digest": .string(digest.hexadecimal),
          "seconds": .stringConvertible(seconds),
        ])
    case .trouble(let part, let error):
      // Told once, as long as it stays the same.
      guard troubles.updateValue(error.code, forKey: part) != error.code else { return }
      var fields = error.metadata
      fields[part.kind.rawValue] = .string(part.name)
      log.error(part.event, metadata: fields)
    }
  }

  /// Brings the catalog to the end of the log. It can be made anew at any time, so trouble with it stops nothing.
  func updateCatalog() {
    do {
      let refresh: CatalogRefresh
      if let catalog {
        refresh = try catalog.catchUp(from: store)
      } else {
        let opened = try Catalog(of: store)
        catalog = opened
        refresh = opened.opening
      }
      catalogTrouble = nil
      guard refresh.entries > 0 || refresh.rebuilt != nil else { return }
      var fields: Logger.Metadata = [
        "entries": .stringConvertible(refresh.entries), "applied": .stringConvertible(refresh.applied.rawValue),
      ]
      if let reason = refresh.rebuilt { fields["rebuilt"] = .string(reason.rawValue) }
      log.debug("catalog", metadata: fields)
    } catch {
      catalog = nil
      let words = CohortError(describing: error, as: .daemonUnknown)
      guard catalogTrouble != words.code else { return }
      catalogTrouble = words.code
      log.warning("catalog_behind", metadata: words.metadata)
    }
  }

  /// Clears what dead readers left behind, and tells of long ones: pages that a reader can see are not reused.
  func checkReaders() throws {
    let cleared = try store.clearDeadReaders()
    let lag = try store.readerLag()
    let isNews = cleared > 0 || (lag ?? 0) > 100
    log.log(
      level: isNews ? .info : .debug, "readers",
      metadata: ["cleared": .stringConvertible(cleared), "lag": .stringConvertible(lag ?? 0)])
  }
}

extension UpdatePart {
  /// The event that tells of its trouble.
  fileprivate var event: Logger.Message {
    switch kind {
    case .space: "not_embedded"
    case .measure: "not_measured"
    case .grouping: "not_grouped"
    }
  }
}
