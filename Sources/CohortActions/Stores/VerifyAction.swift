internal import CohortCatalog
public import CohortCore
public import CohortPipeline
internal import CohortReading
public import CohortStore

/// `verify`: reads everything that is stored, and says what is damaged. A damaged file can end the process that reads it.
public struct VerifyAction: RecordAction {
  public static let name = "verify"
  public var access: ActionAccess { mends ? .updates : .reads }
  /// Mends what can be computed from the rest.
  public var repairs: Bool
  /// With `repairs`: says what would be mended, and changes nothing.
  public var isDryRun: Bool
  /// Makes each grouping anew from the log, each selection from its snapshot and each map from its samples, and compares them with what is stored.
  public var replays: Bool
  /// With `replays`: only this grouping.
  public var grouping: String?

  public init(repairs: Bool = false, isDryRun: Bool = false, replays: Bool = false, grouping: String? = nil) {
    self.repairs = repairs
    self.isDryRun = isDryRun
    self.replays = replays
    self.grouping = grouping
  }

  private var mends: Bool { repairs && !isDryRun }

  /// Reads all that is stored: data file, plans, models, tokenizers and catalog.
  /// - Throws: `store.unknown-grouping`; damage is in the report.
  public func run(on store: Store, _ control: JobControl) throws -> VerifyReport {
    if let grouping { _ = try store.read { try $0.existingGrouping(grouping) } }
    func report(_ step: VerificationProgress, _ stage: String) {
      control.report(JobProgress(stage: "\(stage) \(step.table)", done: step.done, total: step.total, unit: "values"))
    }
    let repaired = repairs ? try store.repair(dryRun: isDryRun) { report($0, "repairing") } : nil
    let verified = try store.verify { report($0, "verifying") }
    let files = (try? NeededFiles.problems(in: store)) ?? []
    let others =
      problems(ofPlansIn: store) + files.map { Self.problem(of: $0, in: store) } + problems(ofCatalogOf: store)
    return VerifyReport(
      path: store.path, verified: verified, others: others, files: files, repaired: repaired, mends: mends,
      replays: replays ? try ReplayComparison.run(store, grouping: grouping, control) : nil,
      selections: replays && grouping == nil ? try SelectionReplayComparison.run(store, control) : [],
      maps: replays && grouping == nil ? try MapReplayComparison.run(store, control) : [])
  }

  /// Plans are bytes to the store: whether they can be read is known here.
  private func problems(ofPlansIn store: Store) -> [VerificationReport.Problem] {
    let names: [String]
    do {
      names = try store.read { try $0.plans().map(\.name) }
    } catch {
      return [.init(place: "plans", what: "\(error)", isRepairable: false)]
    }
    return names.compactMap { name in
      do {
        _ = try PinnedPlan(store, named: name)
        return nil
      } catch {
        // Dropped since the names were read, and perhaps its snapshot with it?
        if let now = try? store.read({ try $0.plans().map(\.name) }), !now.contains(name) { return nil }
        return .init(place: "plan \(name)", what: "\(error)", isRepairable: false)
      }
    }
  }

  /// A model or a tokenizer that is gone, damaged or another one.
  private static func problem(of error: CohortError, in store: Store) -> VerificationReport.Problem {
    var place = error.place ?? store.path
    if place.hasPrefix(store.path + "/") { place.removeFirst(store.path.count + 1) }
    let what = [error.message, error.cause].compactMap { $0 }.joined(separator: ": ")
    return .init(place: place, what: [what, error.hint].compactMap { $0 }.joined(separator: ". "), isRepairable: false)
  }

  /// The catalog is made anew when it does not fit, so only its own damage is left to find.
  private func problems(ofCatalogOf store: Store) -> [VerificationReport.Problem] {
    do {
      let catalog = try Catalog(of: store)
      let found = try catalog.verify()
      if !found.isEmpty, mends {
        _ = try catalog.rebuild(from: store)
        return []
      }
      return found.map { .init(place: "catalog", what: $0, isRepairable: true) }
    } catch {
      return [.init(place: "catalog", what: "\(error)", isRepairable: true)]
    }
  }
}

/// What was read, mended and found damaged.
public struct VerifyReport: RecordReport {
  /// The keys of the records of `problems`.
  public static let problemColumns: [ReportColumn] = ["place", "what", "repairable"]

  let path: String
  let verified: VerificationReport
  /// Damage outside of the data file.
  let others: [VerificationReport.Problem]
  /// Models and tokenizers that are not as they should be.
  let files: [CohortError]
  let repaired: RepairReport?
  let mends: Bool
  let replays: [ReplayComparison]?
  let selections: [SelectionReplayComparison]
  let maps: [MapReplayComparison]

  private var count: UInt64 { verified.problemCount + UInt64(others.count) }

  /// What is damaged: the listed problems of the data file, then those of plans, files and catalog.
  public var problems: [ReportRecord] { (verified.problems + others).map(\.record) }
  /// Nil when nothing was to be mended.
  public var repair: ReportRecord? { repaired?.record }
  /// Nil when nothing was replayed.
  public var replayed: [ReportRecord]? { replays?.map(\.record) }
  /// Selections that were made again; none where nothing was replayed.
  public var replayedSelections: [ReportRecord] { selections.map(\.record) }
  /// Maps that were made again; none where nothing was replayed.
  public var replayedMaps: [ReportRecord] { maps.map(\.record) }
  /// What people are told of a sound store: how much was read.
  public var sentence: String {
    let records = verified.tables.reduce(0) { $0 + $1.records }
    return "The store is sound: \(records) values in \(verified.tables.count) tables were read."
  }

  public var record: ReportRecord {
    var record: ReportRecord = [
      "sound": .boolean(count == 0), "problem_count": .count(count),
      "problems": .list(problems.map { .record($0) }),
      "tables": .list(
        verified.tables.map { .record(["table": .text($0.name), "records": .count($0.records)]) }),
    ]
    if let repair { record.append("repair", .record(repair)) }
    if let replayed { record.append("replay", .list(replayed.map { .record($0) })) }
    if !selections.isEmpty {
      record.append("replayed_selections", .list(replayedSelections.map { .record($0) }))
    }
    if !maps.isEmpty { record.append("replayed_maps", .list(replayedMaps.map { .record($0) })) }
    return record
  }

  /// `cli.damaged`, or `cli.not-replayed` of the first grouping that the log makes otherwise.
  public var failure: CohortError? {
    guard count > 0 else {
      return replays?.lazy.compactMap(\.failure).first ?? selections.lazy.compactMap(\.failure).first
        ?? maps.lazy.compactMap(\.failure).first
    }
    // Files that can be put back are no reason to go back to a backup.
    let remedy = count == UInt64(files.count) ? files.first?.hint : nil
    let usual =
      verified.problems.contains(where: \.isRepairable) && !mends
      ? "'cohort verify --repair' mends some of it"
      : "Restore the last backup; what can still be read, 'cohort export' saves"
    return CohortError(
      .cliDamaged, "The store has \(count) damaged \(count == 1 ? "place" : "places")", place: path,
      hint: remedy ?? usual)
  }

  /// A process that read the store was ended by a signal.
  public static func ended(by signal: Int32, reading path: String) -> CohortError {
    CohortError(
      .cliDamaged, "The store is damaged so that reading it ends the process", place: path,
      cause: "the process was ended by signal \(signal)", hint: "Restore the last backup")
  }
}

extension VerificationReport.Problem {
  fileprivate var record: ReportRecord {
    ["place": .text(place), "what": .text(what), "repairable": .boolean(isRepairable)]
  }
}

extension RepairReport {
  fileprivate var record: ReportRecord {
    [
      "dry_run": .boolean(isDryRun), "identities_added": .count(identitiesAdded),
      "identities_removed": .count(identitiesRemoved), "group_sizes": .count(groupSizes),
      "dead_readers": .count(deadReaders),
    ]
  }
}
