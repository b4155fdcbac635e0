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

/// `run show`: a training run, with the checkpoints that are kept of it.
public struct RunShowAction: RecordAction {
  public static let name = "run show"
  public var access: ActionAccess { .reads }
  /// The name of the run.
  public var run: String

  public init(run: String) { self.run = run }

  /// Reads the run, and where its checkpoints stand.
  /// - Throws: `store.unknown-run`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try store.read { transaction in
      guard let found = try transaction.run(named: run) else {
        throw CohortError.unknown("run", run, known: try transaction.runs().map(\.name))
      }
      var record = found.report
      let kept = try transaction.checkpoints(of: found).map { number in
        ReportValue.record(try Self.describe(number, of: found, transaction))
      }
      record.append("kept", .list(kept))
      return PlainReport(record)
    }
  }

  /// A checkpoint that cannot be read says why: that is no reason to hide the others.
  private static func describe(
    _ number: UInt64, of run: RunRecord, _ transaction: borrowing ReadTransaction
  ) throws -> ReportRecord {
    var record: ReportRecord = ["number": .count(number)]
    do {
      let bytes = try transaction.checkpoint(number, of: run)?.bytes ?? []
      let checkpoint = try Checkpoint(decoding: bytes)
      record.append("epoch", .count(checkpoint.cursor.epoch))
      record.append("step", .count(checkpoint.cursor.step))
      record.append("steps", .count(checkpoint.progress.steps))
      record.append("samples", .count(checkpoint.progress.samples))
      record.append("tokens", .count(checkpoint.progress.tokens))
      record.append("bytes", .count(bytes.count))
      record.append("damage", .null)
    } catch let error as CohortError {
      for name in ["epoch", "step", "steps", "samples", "tokens", "bytes"] { record.append(name, .null) }
      record.append("damage", .text(error.message))
    }
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
