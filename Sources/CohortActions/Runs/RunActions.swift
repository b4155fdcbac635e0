internal import CohortCore
public import CohortPipeline
public import CohortStore
internal import CohortPlanning
internal import CohortTrainer

/// `run list`: each training run with the plan that it follows.
public struct RunListAction: ListAction {
  public static let name = "run list"
  public static let columns: [ReportColumn] = ["run", "plan", "created", "checkpoints", .hidden("plan_hash")]

  /// Lists every run of the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    for run in try store.read({ try $0.runs() }) { try row(run.report) }
  }
}

/// `run show`: a training run, with the checkpoints that are kept of it and the losses that the newest one tells of.
public struct RunShowAction: RecordAction {
  public static let name = "run show"
  public var access: ActionAccess { .reads }
  /// The name of the run.
  public var run: String

  public init(run: String) { self.run = run }

  /// Reads the run, where its checkpoints stand, and the losses of the newest one that can be read.
  /// - Throws: `store.unknown-run`.
  public func run(on store: Store, _ control: JobControl) throws -> RunShowReport {
    try store.read { transaction in
      guard let found = try transaction.run(named: run) else {
        throw CohortError.unknown("run", run, known: try transaction.runs().map(\.name))
      }
      var record = found.report
      var losses: [ReportRecord] = []
      let kept = try transaction.checkpoints(of: found).map { number in
        ReportValue.record(try Self.describe(number, of: found, transaction, &losses))
      }
      record.append("kept", .list(kept))
      return RunShowReport(record, losses)
    }
  }

  /// A checkpoint that cannot be read says why: that is no reason to hide the others.
  /// - Parameter losses: become those of this checkpoint, if it can be read.
  private static func describe(
    _ number: UInt64, of run: RunRecord, _ transaction: borrowing ReadTransaction, _ losses: inout [ReportRecord]
  ) throws -> ReportRecord {
    var record: ReportRecord = ["number": .count(number)]
    do {
      let bytes = try transaction.checkpoint(number, of: run)?.bytes ?? []
      let checkpoint = try Checkpoint(decoding: bytes)
      let told = try RunLosses.rows(of: checkpoint)
      record.append("learner", .text(checkpoint.learner))
      record.append("epoch", .count(checkpoint.cursor.epoch))
      record.append("step", .count(checkpoint.cursor.step))
      record.append("steps", .count(checkpoint.progress.steps))
      record.append("samples", .count(checkpoint.progress.samples))
      record.append("tokens", .count(checkpoint.progress.tokens))
      record.append("bytes", .count(bytes.count))
      record.append("damage", .null)
      losses = told
    } catch let error as CohortError {
      for name in ["learner", "epoch", "step", "steps", "samples", "tokens", "bytes"] { record.append(name, .null) }
      record.append("damage", .text(error.message))
    }
    return record
  }
}

/// A training run.
public struct RunShowReport: RecordReport {
  /// The keys of the records of `losses`.
  public static let lossColumns: [ReportColumn] = ["by", "name", "steps", "tokens", "mean", "first", "last"]

  /// The run and its checkpoints, without `losses`.
  public let summary: ReportRecord
  /// By group, task and source: over the run up to its newest checkpoint that can be read.
  public let losses: [ReportRecord]

  init(_ summary: ReportRecord, _ losses: [ReportRecord]) {
    self.summary = summary
    self.losses = losses
  }

  public var record: ReportRecord {
    var record = summary
    record.append("losses", .list(losses.map { .record($0) }))
    return record
  }
}

extension RunRecord {
  /// `checkpoints` counts those that were ever made; older ones are removed as new ones come.
  fileprivate var report: ReportRecord {
    [
      "run": .text(name), "plan": .text(plan), "created": .time(created), "checkpoints": .count(nextCheckpoint),
      "plan_hash": .digest(planHash),
    ]
  }
}
