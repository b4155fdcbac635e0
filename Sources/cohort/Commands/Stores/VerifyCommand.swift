import ArgumentParser
import CohortCatalog
import CohortCore
import CohortPipeline
import CohortReading
import CohortStore

/// `cohort verify`
struct VerifyCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read everything that is stored, and say what is damaged.",
    discussion: examples(
      "cohort verify", "cohort verify --repair --dry-run", "cohort verify --repair", "cohort verify --replay",
      "cohort verify --replay --grouping topics",
      text: """
        The store is read by a process of its own, because a damaged file can end the process that reads it. The models \
        and tokenizers that the store needs are compared with the hashes that it knows. Repairs \
        mend what can be computed from the rest, and throw nothing away. What is damaged beyond that has to come from \
        a backup. --replay also makes each grouping anew in memory from the log, round by round, and compares digests, \
        groups and assignments. The exit code is 4 when anything is damaged or different.
        """))

  @Flag(help: "Mend what can be computed from the rest.") var repair = false
  @Flag(help: "With --repair: say what would be mended, and change nothing.") var dryRun = false
  @Flag(help: "Make each grouping anew from the log, and compare it with what is stored.") var replay = false
  @Option(
    help: ArgumentHelp("With --replay: only this grouping.", valueName: "name"), completion: StoreNames.groupings)
  var grouping: String?
  @Flag(help: .hidden) var inProcess = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if dryRun, !repair { throw ValidationError("--dry-run goes with --repair.") }
    if grouping != nil, !replay { throw ValidationError("--grouping goes with --replay.") }
  }

  func execute(_ session: Session) throws -> Outcome {
    guard inProcess else { return try supervise(session) }
    if let grouping { _ = try session.read { try $0.existingGrouping(grouping) } }
    let mends = repair && !dryRun
    let store = mends ? try session.writableStore(for: "verify") : try session.readableStore()
    let repaired = repair ? try store.repair(dryRun: dryRun) { session.report($0, "repairing") } : nil
    let report = try store.verify { session.report($0, "verifying") }
    let files = (try? NeededFiles.problems(in: store)) ?? []
    let others =
      problems(ofPlansIn: store) + files.map { Self.problem(of: $0, in: store) }
      + problems(ofCatalogOf: store, mends: mends)
    session.progress.finish()

    let problems = report.problems.map(\.output) + others
    let count = report.problemCount + UInt64(others.count)
    let replays = replay ? try ReplayComparison.run(store, grouping: grouping, session) : nil
    if session.output.format == .table {
      try printText(report, problems, repaired, session.output)
      if let replays { try session.output.list(ReplayComparison.columns, replays.map(\.output)) }
    } else {
      var record: OutputRecord = [
        "sound": .boolean(count == 0), "problem_count": .count(count),
        "problems": .list(problems.map { .record($0) }),
        "tables": .list(
          report.tables.map { .record(["table": .text($0.name), "records": .count($0.records)]) }),
      ]
      if let repaired { record.append("repair", .record(repaired.output)) }
      if let replays { record.append("replay", .list(replays.map { .record($0.output) })) }
      try session.output.record(record)
    }
    guard count > 0 else {
      try replays?.forEach { try $0.check() }
      return .done
    }
    let isRepairable = report.problems.contains(where: \.isRepairable)
    // Files that can be put back are no reason to go back to a backup.
    let remedy = count == UInt64(files.count) ? files.first?.hint : nil
    throw CohortError(
      .cliDamaged, "The store has \(count) damaged \(count == 1 ? "place" : "places")", place: store.path,
      hint: remedy
        ?? (isRepairable && !mends
          ? "'cohort verify --repair' mends some of it"
          : "Restore the last backup; what can still be read, 'cohort export' saves"))
  }

  /// Runs this very command in a process of its own, and outlives its death.
  private func supervise(_ session: Session) throws -> Outcome {
    // Not even opened here: that reads the file, too.
    switch try ChildProcess.runSelf(adding: ["--in-process"]) {
    case .exited(let code): return .exited(code)
    case .signaled(let signal):
      throw CohortError(
        .cliDamaged, "The store is damaged so that reading it ends the process", place: session.storePath,
        cause: "the process was ended by signal \(signal)", hint: "Restore the last backup")
    }
  }

  /// Plans are bytes to the store: whether they can be read is known here.
  private func problems(ofPlansIn store: Store) -> [OutputRecord] {
    guard let names = try? store.read({ try $0.plans().map(\.name) }) else { return [] }
    return names.compactMap { name in
      do {
        _ = try PinnedPlan(store, named: name)
        return nil
      } catch {
        return Self.problem("plan \(name)", "\(error)", isRepairable: false)
      }
    }
  }

  /// A model or a tokenizer that is gone, damaged or another one.
  private static func problem(of error: CohortError, in store: Store) -> OutputRecord {
    var place = error.place ?? store.path
    if place.hasPrefix(store.path + "/") { place.removeFirst(store.path.count + 1) }
    let what = [error.message, error.cause].compactMap { $0 }.joined(separator: ": ")
    return problem(place, [what, error.hint].compactMap { $0 }.joined(separator: ". "), isRepairable: false)
  }

  /// The catalog is made anew when it does not fit, so only its own damage is left to find.
  private func problems(ofCatalogOf store: Store, mends: Bool) -> [OutputRecord] {
    do {
      let catalog = try Catalog(of: store)
      let found = try catalog.verify()
      if !found.isEmpty, mends {
        _ = try catalog.rebuild(from: store)
        return []
      }
      return found.map { Self.problem("catalog", $0, isRepairable: true) }
    } catch {
      return [Self.problem("catalog", "\(error)", isRepairable: true)]
    }
  }

  private static func problem(_ place: String, _ what: String, isRepairable: Bool) -> OutputRecord {
    ["place": .text(place), "what": .text(what), "repairable": .boolean(isRepairable)]
  }

  private func printText(
    _ report: VerificationReport, _ problems: [OutputRecord], _ repaired: RepairReport?, _ output: Output
  ) throws {
    if let repaired {
      try output.record(repaired.output)
      try output.text("\n")
    }
    if !problems.isEmpty {
      try output.list(["place", "what", "repairable"], problems)
      return
    }
    let records = report.tables.reduce(0) { $0 + $1.records }
    try output.text("The store is sound: \(records) values in \(report.tables.count) tables were read.\n")
  }
}

extension VerificationReport.Problem {
  fileprivate var output: OutputRecord {
    ["place": .text(place), "what": .text(what), "repairable": .boolean(isRepairable)]
  }
}

extension RepairReport {
  fileprivate var output: OutputRecord {
    [
      "dry_run": .boolean(isDryRun), "identities_added": .count(identitiesAdded),
      "identities_removed": .count(identitiesRemoved), "group_sizes": .count(groupSizes),
      "dead_readers": .count(deadReaders),
    ]
  }
}

extension Session {
  fileprivate func report(_ step: VerificationProgress, _ stage: String) {
    progress.report(JobProgress(stage: "\(stage) \(step.table)", done: step.done, total: step.total, unit: "values"))
  }
}
