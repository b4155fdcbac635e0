internal import CohortCore
internal import CohortEmbedding
public import CohortPipeline
internal import CohortProviders
public import CohortStore

/// The one place that brings a store up to date: embeds, measures, groups and puts on maps what is pending, in this order. Trouble with a
/// part (its server is gone, its state is damaged) stops no other part.
///
/// It keeps encoders, tokenizers and the states of groupings open from one update to the next, so that a daemon does not
/// read them anew each time. Others may write between its transactions, and between two updates: a grouping that another
/// job has moved on is read anew, and a part that is dropped meanwhile is passed over. Used by one thread at a time.
public final class StoreUpdater {
  /// The store that is brought up to date; it must be open for writing.
  public let store: Store
  private var encoders: [SpaceID: any TextEncoder] = [:]
  private var counters: [MeasureID: LengthCounter] = [:]
  private var followers: [GroupingID: any Follower] = [:]

  public init(_ store: Store) { self.store = store }

  /// Brings what `scope` says to the end of the log.
  /// - Parameters:
  ///   - retryingRefused: also samples whose text an encoder refused before.
  ///   - observe: told of each part as soon as it is done, or cannot be.
  /// - Throws: `pipeline.interrupted`, and what the store throws: what was committed before is kept.
  @discardableResult
  public func update(
    _ scope: UpdateScope = .everything, retryingRefused: Bool = false, control: JobControl,
    observe: (UpdateEvent) -> Void = { _ in }
  ) throws -> UpdateReport {
    let needs = try store.read { transaction in
      try forgetDropped(transaction)
      return try UpdateNeeds(scope, transaction)
    }
    var report = UpdateReport()
    if scope != .lengthsAndGroupings { try SpaceJob.freeDropped(store, control: control) }
    for space in needs.spaces {
      try attempt(.space, space.name, control, &report, observe, { try $0.space(space.id) != nil }) { report in
        guard let embedded = try embed(space, retryingRefused, control, observe) else { return }
        report.embedded.append(embedded)
      }
    }
    for measure in needs.measures {
      try attempt(.measure, measure.name, control, &report, observe, { try $0.measure(measure.id) != nil }) { report in
        guard let measured = try self.measure(measure, control, observe) else { return }
        report.measured.append(measured)
      }
    }
    for grouping in needs.groupings {
      try attempt(.grouping, grouping.name, control, &report, observe, { try $0.grouping(grouping.id) != nil }) {
        report in
        report.groupings.append(try group(grouping, control, observe))
      }
    }
    for map in try maps(scope, needs) {
      try attempt(.map, map.name, control, &report, observe, { try $0.map(map.id) != nil }) { report in
        report.maps.append(try MapJob.update(store, map: map.name, control: control))
      }
    }
    let failed = Set(report.troubles.map(\.part))
    report.waiting = needs.groupings.map(\.name).filter { name in
      let needs = needs.groupings.needs(of: name)
      return needs.spaces.contains { failed.contains(UpdatePart(kind: .space, name: $0)) }
        || needs.measures.contains { failed.contains(UpdatePart(kind: .measure, name: $0)) }
    }
    return report
  }

  /// The maps that follow groupings which were brought up to date. Whoever needs certain groupings waits for no map.
  private func maps(_ scope: UpdateScope, _ needs: UpdateNeeds) throws -> [MapRecord] {
    guard scope == .everything || scope == .lengthsAndGroupings else { return [] }
    return try store.read { transaction in
      try transaction.maps().filter { map in needs.groupings.contains { $0.id == map.grouping } }
    }
  }

  // MARK: Parts

  /// Lets go of what it keeps for parts that the store does not have any more.
  private func forgetDropped(_ transaction: borrowing ReadTransaction) throws {
    let (spaces, measures) = (Set(try transaction.spaces().map(\.id)), Set(try transaction.measures().map(\.id)))
    let groupings = Set(try transaction.groupings().map(\.id))
    encoders = encoders.filter { spaces.contains($0.key) }
    counters = counters.filter { measures.contains($0.key) }
    followers = followers.filter { groupings.contains($0.key) }
  }

  /// - Parameter isThere: whether the store still has the part: nothing is to be done, or to be said, of one that was dropped.
  private func attempt(
    _ kind: UpdatePart.Kind, _ name: String, _ control: JobControl, _ report: inout UpdateReport,
    _ observe: (UpdateEvent) -> Void, _ isThere: (borrowing ReadTransaction) throws -> Bool,
    _ body: (inout UpdateReport) throws -> Void
  ) throws {
    do {
      try body(&report)
    } catch let error as CohortError {
      guard error.category != .interrupted, !control.shouldStop() else { throw error }
      guard try store.read(isThere) else { return }
      guard Self.concernsOnePart(error, kind) else { throw error }
      let part = UpdatePart(kind: kind, name: name)
      report.troubles.append(UpdateReport.Trouble(part: part, error: error))
      observe(.trouble(part, error))
    }
  }

  /// Whether an error stops no other part: an encoder's, a tokenizer's, a grouping's or a map's own.
  private static func concernsOnePart(_ error: CohortError, _ kind: UpdatePart.Kind) -> Bool {
    guard error.category != .interrupted else { return false }
    switch kind {
    case .grouping: return UpdateJob.concernsOneGrouping(error)
    case .map: return MapJob.concernsOneMap(error)
    case .space, .measure: return error.code.module == .embedding || error.code.module == .pipeline
    }
  }

  /// - Returns: nil when nothing waits: no reason to load a model or to ask a server.
  private func embed(
    _ space: EmbeddingSpace, _ retryingRefused: Bool, _ control: JobControl, _ observe: (UpdateEvent) -> Void
  ) throws -> EmbedReport? {
    let counts = try store.read { transaction in
      try transaction.space(space.id).map { try transaction.vectorCounts(in: $0) }
    }
    guard let counts, counts.pending > 0 || retryingRefused && counts.refused > 0 else { return nil }
    let started = ContinuousClock.now
    var options = ServerOptions()
    options.shouldStop = control.shouldStop
    // After trouble it is opened anew.
    let opened =
      try encoders.removeValue(forKey: space.id)
      ?? space.openEncoder(in: store, workers: control.workers, options: options)
    guard let encoder = opened else { return nil }
    let report = try EmbedJob.run(
      store, space: space.name, encoder: encoder, retryingRefused: retryingRefused, control: control)
    encoders[space.id] = encoder
    observe(.embedded(report, seconds: started.seconds))
    return report
  }

  private func measure(
    _ measure: LengthMeasure, _ control: JobControl, _ observe: (UpdateEvent) -> Void
  ) throws -> MeasureReport? {
    let isBehind = try store.read { transaction in
      try transaction.measure(measure.id).map { try $0.rows < transaction.counters.nextSample } ?? false
    }
    guard isBehind else { return nil }
    let started = ContinuousClock.now
    let counter = try counters[measure.id] ?? LengthCounter(of: measure, in: store)
    counters[measure.id] = counter
    let report = try MeasureJob.run(store, measure: measure.name, counter: counter, control: control)
    observe(.measured(report, seconds: started.seconds))
    return report
  }

  private func group(
    _ grouping: GroupingRecord, _ control: JobControl, _ observe: (UpdateEvent) -> Void
  ) throws -> GroupingUpdate {
    let started = ContinuousClock.now
    // After trouble what it holds may be ahead of what was committed: then it is made anew.
    let follower = try followers.removeValue(forKey: grouping.id) ?? UpdateJob.follower(of: grouping, in: store)
    let update = try follower.update(control)
    followers[grouping.id] = follower
    observe(.grouped(update, digest: follower.digest, seconds: started.seconds))
    return update
  }
}

extension ContinuousClock.Instant {
  /// Seconds from here to now, to the millisecond.
  package var seconds: Double { ((ContinuousClock.now - self) / .milliseconds(1)).rounded() / 1000 }
}
