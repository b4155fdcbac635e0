import CohortCatalog
import CohortCore
import CohortStore
import Logging

/// Keeps the catalog of a store at the end of its log, as long as nobody else wants to write its file. It can be made anew
/// at any time, so trouble with it stops nothing. Lives on one thread.
final class CatalogKeeper {
  private let store: Store
  private let schedule: WriteSchedule
  private let log: Logger
  /// Lent to those who ask in this process.
  private var catalog: Catalog? {
    didSet { SharedCatalog.of(store).keep(catalog) { [log] in CatalogKeeper.tell(log, $0) } }
  }
  private var hasHold = false
  /// The error that was told of last.
  private var trouble: ErrorCode?

  init(_ store: Store, _ schedule: WriteSchedule, _ log: Logger) {
    (self.store, self.schedule, self.log) = (store, schedule, log)
  }

  /// Whether others who want to write the file have to wait for this one.
  var isOpen: Bool { hasHold }

  /// Brings the catalog to the end of the log.
  func update() {
    hasHold = hasHold || schedule.takeInBackground(.catalog, WriteSchedule.daemonName)
    guard hasHold else { return }
    do {
      // Another store's catalog may lie there now.
      try store.checkPlace()
      let refresh: CatalogRefresh
      if let catalog {
        refresh = try catalog.catchUp(from: store)
      } else {
        let opened = try Catalog(of: store)
        // Another process writes the file at the moment, and it does the same.
        guard opened.isWriter else { return close() }
        catalog = opened
        refresh = opened.opening
      }
      trouble = nil
      if refresh.entries > 0 || refresh.rebuilt != nil { Self.tell(log, refresh) }
    } catch {
      catalog = nil
      let words = CohortError(describing: error, as: .daemonUnknown)
      guard trouble != words.code else { return }
      trouble = words.code
      log.warning("catalog_behind", metadata: words.metadata)
    }
  }

  /// Damage is news; all else that has it made anew is daily work.
  private static func tell(_ log: Logger, _ refresh: CatalogRefresh) {
    var fields: Logger.Metadata = [
      "entries": .stringConvertible(refresh.entries), "applied": .stringConvertible(refresh.applied.rawValue),
    ]
    if let reason = refresh.rebuilt { fields["rebuilt"] = .string(reason.rawValue) }
    log.log(level: refresh.rebuilt == .damaged ? .warning : .debug, "catalog", metadata: fields)
  }

  /// Gives the file to whoever waits for it.
  func yieldIfAwaited() {
    if hasHold, schedule.isAwaited(.catalog) { close() }
  }

  func close() {
    catalog = nil
    guard hasHold else { return }
    hasHold = false
    schedule.free(.catalog)
  }
}
