import CohortCatalog
import CohortCore
import CohortEmbedding
import CohortPipeline
import CohortProviders
import CohortStore
import Logging

/// A store that this process owns, and what follows its log: groupings and the catalog. Lives on one thread.
final class OwnedStore {
  let store: Store
  // What is kept open from one update to the next. Nobody else writes while this process owns the store, so none of it can
  // be dropped meanwhile.
  private var encoders: [SpaceID: any TextEncoder] = [:]
  private var counters: [MeasureID: LengthCounter] = [:]
  private var followers: [GroupingID: any Follower] = [:]
  /// Codes of what was logged of parts that cannot be brought up to date. They are tried again.
  private var troubles: [Part: ErrorCode] = [:]
  private var catalog: Catalog?
  /// The error of the catalog that was told of last.
  private var catalogTrouble: ErrorCode?
  private let log: Logger

  init(_ store: Store, log: Logger) {
    self.store = store
    self.log = log
  }

  /// What can be in trouble without the others.
  private struct Part: Hashable {
    enum Kind: String {
      case space, measure, grouping
    }

    var kind: Kind
    var name: String

    /// The event that tells of its trouble.
    var event: Logger.Message {
      switch kind {
      case .space: "not_embedded"
      case .measure: "not_measured"
      case .grouping: "not_grouped"
      }
    }
  }

  /// Whether vectors or lengths wait that could not be made.
  var isBehind: Bool { troubles.keys.contains { $0.kind != .grouping } }

  /// Gives vectors to all samples that wait for them, in every space that has an encoder. Encoders stay open from one call
  /// to the next. Trouble with one (its server is gone, a sample is damaged) is logged, and stops neither the others nor the
  /// groupings.
  /// - Throws: `pipeline.interrupted`, and what the store throws. Vectors that were committed are kept.
  func embed(_ control: JobControl) throws {
    try SpaceJob.freeDropped(store, control: control)
    for space in try store.read({ try $0.spaces() }) where !space.isGiven {
      try attempt(Part(kind: .space, name: space.name), control) { try embed(space, control) }
    }
  }

  private func embed(_ space: EmbeddingSpace, _ control: JobControl) throws {
    guard try store.read({ try $0.vectorCounts(in: space).pending }) > 0 else { return }
    let started = ContinuousClock.now
    var options = ServerOptions()
    options.shouldStop = control.shouldStop
    // After trouble it is opened anew.
    let opened =
      try encoders.removeValue(forKey: space.id)
      ?? space.openEncoder(in: store, workers: control.workers, options: options)
    guard let encoder = opened else { return }
    let report = try EmbedJob.run(store, space: space.name, encoder: encoder, control: control)
    encoders[space.id] = encoder
    log.log(
      level: report.refused > 0 ? .warning : .info, "embedded",
      metadata: [
        "space": .string(space.name), "vectors": .stringConvertible(report.embedded),
        "without_vector": .stringConvertible(report.without), "refused": .stringConvertible(report.refused),
        "seconds": .stringConvertible(started.seconds),
      ])
  }

  /// Measures all samples that wait for it, by every further length measure. Trouble with one (its tokenizer is gone, a
  /// sample is damaged) is logged, and stops neither the others nor the groupings.
  /// - Throws: `pipeline.interrupted`, and what the store throws. Lengths that were committed are kept.
  func measure(_ control: JobControl) throws {
    let (measures, end) = try store.read { (try $0.measures(), try $0.counters.nextSample) }
    for measure in measures where measure.rows < end {
      try attempt(Part(kind: .measure, name: measure.name), control) { try self.measure(measure, control) }
    }
  }

  private func measure(_ measure: LengthMeasure, _ control: JobControl) throws {
    let started = ContinuousClock.now
    let counter = try counters[measure.id] ?? LengthCounter(of: measure, in: store)
    counters[measure.id] = counter
    let report = try MeasureJob.run(store, measure: measure.name, counter: counter, control: control)
    log.info(
      "measured",
      metadata: [
        "measure": .string(measure.name), "samples": .stringConvertible(report.measured),
        "seconds": .stringConvertible(started.seconds),
      ])
  }

  /// Brings one part up to date, and logs it if only that part cannot be.
  private func attempt(_ part: Part, _ control: JobControl, _ body: () throws -> Void) throws {
    do {
      try body()
      troubles[part] = nil
    } catch {
      guard let code = (error as? CohortError)?.code, code.module == .embedding || code.module == .pipeline,
        !control.shouldStop()
      else { throw error }
      tell(of: error, in: part)
    }
  }

  /// Logs trouble, unless it is what was logged last.
  private func tell(of error: any Error, in part: Part) {
    let words = CohortError(describing: error, as: .daemonUnknown)
    guard troubles.updateValue(words.code, forKey: part) != words.code else { return }
    var fields = words.metadata
    fields[part.kind.rawValue] = .string(part.name)
    log.error(part.event, metadata: fields)
  }

  /// Brings every grouping to the end of the log. Their engines' states stay in memory from one call to the next. Trouble
  /// of one grouping's own is logged, and stops no other.
  /// - Throws: `pipeline.interrupted`, and what the store throws. Rounds that were committed are kept.
  func updateGroupings(_ control: JobControl) throws {
    for grouping in try store.read({ try $0.groupings() }) {
      let part = Part(kind: .grouping, name: grouping.name)
      let started = ContinuousClock.now
      let update: GroupingUpdate
      let digest: UInt64
      do {
        let follower = try followers[grouping.id] ?? UpdateJob.follower(of: grouping.name, in: store)
        followers[grouping.id] = follower
        update = try follower.update(control)
        digest = follower.digest
      } catch {
        // What it holds may be ahead of what was committed.
        followers[grouping.id] = nil
        guard UpdateJob.concernsOneGrouping(error) else { throw error }
        tell(of: error, in: part)
        continue
      }
      troubles[part] = nil
      let isNews = update.rounds > 0 || update.assigned > 0 || update.deleted > 0
      log.log(
        level: isNews ? .info : .debug, "updated",
        metadata: [
          "grouping": .string(update.grouping), "rounds": .stringConvertible(update.rounds),
          "assigned": .stringConvertible(update.assigned), "splits": .stringConvertible(update.splits),
          "merges": .stringConvertible(update.merges), "deleted": .stringConvertible(update.deleted),
          "groups": .stringConvertible(update.groups), "provisional": .stringConvertible(update.provisional),
          "pending": .stringConvertible(update.pending), "digest": .string(Self.hex(digest)),
          "seconds": .stringConvertible(started.seconds),
        ])
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

  private static func hex(_ value: UInt64) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}

extension ContinuousClock.Instant {
  /// Seconds from here to now, to the millisecond.
  var seconds: Double { ((ContinuousClock.now - self) / .milliseconds(1)).rounded() / 1000 }
}
