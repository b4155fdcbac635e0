internal import CohortCore

/// How far a job is.
public struct JobProgress: Hashable, Sendable {
  /// What is being done, for example "ingest" or the name of a grouping.
  public var stage: String
  /// What is done of `total`; never falls within a stage.
  public var done: UInt64
  /// Nil when it is not known.
  public var total: UInt64?
  /// What `done` counts.
  public var unit: String

  public init(stage: String, done: UInt64, total: UInt64?, unit: String) {
    self.stage = stage
    self.done = done
    self.total = total
    self.unit = unit
  }
}

/// How much a round may change in one transaction. Both are counted so that a transaction stays far below what LMDB
/// keeps in memory.
public struct CommitLimits: Hashable, Sendable {
  /// A round that changes more chunks of 4,096 rows is written in slices. A chunk's group and distance take 10 pages.
  public var chunks = 6_000
  /// Rows of one slice: what one transaction of a large round writes.
  public var sliceRows = 1 << 20

  /// The limits that stores are written with; tests choose smaller ones.
  public init() {}
}

/// What a job asks of whoever runs it: a place to report to, how many threads it may use, and whether it shall stop. A job
/// stops between two commits,
/// so that everything done so far is kept.
public struct JobControl: Sendable {
  /// Called from the thread that runs the job, often: it must return soon.
  public var report: @Sendable (JobProgress) -> Void
  /// Asked at each point where the job can stop; from the thread that runs it.
  public var shouldStop: @Sendable () -> Bool
  /// Never changes what comes out.
  public var limits = CommitLimits()
  /// Threads that may compute at the same time. Results never depend on it.
  public var workers: Int
  /// Seconds that a question with a time limit of its own may take at most.
  public var questionSeconds = 86_400.0

  /// By default silent, never stopped, on one thread.
  public init(
    report: @escaping @Sendable (JobProgress) -> Void = { _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }, workers: Int = 1
  ) {
    self.report = report
    self.shouldStop = shouldStop
    self.workers = workers
  }

  /// - Throws: `pipeline.interrupted` when the job shall stop.
  package func checkpoint() throws {
    guard !shouldStop() else {
      throw CohortError(
        .pipelineInterrupted, "Interrupted; everything committed so far is kept",
        hint: "Run the same command again to go on")
    }
  }
}
