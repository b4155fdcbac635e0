internal import CohortActions
internal import CohortCore
internal import CohortPipeline
internal import CohortSystem

/// Work that goes on after its request was answered: what is under way, how far, and what became of it. Nothing of it is
/// kept when the process ends; what counts is in the store's log.
final class JobBoard: Sendable {
  /// What may be said of a job.
  enum Phase: String, Sendable {
    case queued, running, done, failed, cancelled
  }

  private struct Job {
    let number: Int
    let verb: String
    let store: String
    /// Milliseconds since 1970.
    let created: Int64
    var phase = Phase.queued
    var isCancelled = false
    /// Nanoseconds of the steady clock.
    var begun: Int64?
    var finished: Int64?
    var seconds = 0.0
    var progress: JobProgress?
    var stageBegun: Int64 = 0
    var report: ReportRecord?
    var problem: Problem?

    var isFinished: Bool { finished != nil }
  }

  private struct State {
    var jobs: [Int: Job] = [:]
    var last = 0
    var isStopping = false
  }

  private let state = Locked(State())
  private let limits: Limits
  private let pool: WorkPool
  /// Tells this process's jobs from those of one before, which had the same numbers.
  private let process = String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16)

  init(_ limits: Limits, pool: WorkPool) {
    self.limits = limits
    self.pool = pool
  }

  /// Begins a job as soon as a thread is free. - Returns: what is said of it.
  /// - Throws: `server.busy`, `server.stopping`.
  func start(
    _ verb: String, store: String, _ work: @escaping @Sendable (JobControl) throws -> ReportRecord
  ) throws -> ReportRecord {
    let number = try state.withLock { state in
      guard !state.isStopping else { throw CohortError(.serverStopping, "The daemon is stopping") }
      forget(&state)
      guard state.jobs.values.count(where: { !$0.isFinished }) < limits.unfinishedJobs else {
        throw CohortError(.serverBusy, "Too many jobs are unfinished", hint: "Wait for some, or cancel them")
      }
      state.last += 1
      state.jobs[state.last] = Job(
        number: state.last, verb: verb, store: store, created: SystemClock.wall / 1_000_000)
      return state.last
    }
    do {
      try pool.submit { self.run(number, work) }
    } catch {
      state.withLock { _ = $0.jobs.removeValue(forKey: number) }
      throw error
    }
    return try record(number, store: store)
  }

  private func run(_ number: Int, _ work: (JobControl) throws -> ReportRecord) {
    let isWanted = state.change { state in
      guard let job = state.jobs[number], !job.isCancelled, !state.isStopping else { return false }
      state.jobs[number]?.phase = .running
      state.jobs[number]?.begun = SystemClock.steady
      return true
    }
    let outcome = Result {
      guard isWanted else { throw CohortError(.serverCancelled, "The job was cancelled before it began") }
      return try work(
        JobControl(
          report: { [state] progress in Self.report(progress, number, state) },
          shouldStop: { [state] in state.withLock { $0.isStopping || $0.jobs[number]?.isCancelled ?? true } }))
    }
    state.change { state in
      guard var job = state.jobs[number] else { return }
      let now = SystemClock.steady
      job.finished = now
      job.seconds = job.begun.map { Double(now - $0) / 1e9 } ?? 0
      switch outcome {
      case .success(let report): (job.phase, job.report) = (.done, report)
      case .failure(let error):
        let problem = Problem(describing: error)
        job.phase = problem.error.category == .interrupted ? .cancelled : .failed
        job.problem = problem
      }
      state.jobs[number] = job
    }
  }

  private static func report(_ progress: JobProgress, _ number: Int, _ state: Locked<State>) {
    state.withLock { state in
      if state.jobs[number]?.progress?.stage != progress.stage {
        state.jobs[number]?.stageBegun = SystemClock.steady
      }
      state.jobs[number]?.progress = progress
    }
  }

  /// Drops finished jobs that are old, or too many.
  private func forget(_ state: inout State) {
    let now = SystemClock.steady
    let oldest = now - Int64(limits.finishedJobSeconds * 1e9)
    state.jobs = state.jobs.filter { ($0.value.finished ?? now) >= oldest }
    let finished = state.jobs.values.filter(\.isFinished).map(\.number).sorted()
    for number in finished.prefix(max(finished.count - limits.finishedJobs, 0)) { state.jobs[number] = nil }
  }

  // MARK: What is said of them

  /// All jobs of a store, the newest first.
  func records(of store: String) -> [ReportRecord] {
    state.withLock { state in
      forget(&state)
      return state.jobs.values.filter { $0.store == store }.sorted { $0.number > $1.number }.map(record)
    }
  }

  /// - Throws: `server.unknown-job`.
  func record(_ id: String, store: String) throws(CohortError) -> ReportRecord {
    try record(number(id), store: store)
  }

  private func record(_ number: Int, store: String) throws(CohortError) -> ReportRecord {
    guard let job = state.withLock({ $0.jobs[number] }), job.store == store else {
      throw CohortError(.serverUnknownJob, "There is no such job")
    }
    return record(job)
  }

  private func number(_ id: String) -> Int {
    let parts = id.split(separator: "-")
    return parts.count == 2 && parts[0] == process ? Int(parts[1]) ?? 0 : 0
  }

  /// Asks a job to end; one that has ended stays as it is. - Returns: what is said of it.
  /// - Throws: `server.unknown-job`.
  func cancel(_ id: String, store: String) throws(CohortError) -> ReportRecord {
    let number = number(id)
    state.change { state in
      if state.jobs[number]?.store == store { state.jobs[number]?.isCancelled = true }
    }
    return try record(number, store: store)
  }

  /// Jobs in each phase.
  func counts(of store: String) -> [Phase: Int] {
    state.withLock { state in
      Dictionary(state.jobs.values.filter { $0.store == store }.map { ($0.phase, 1) }, uniquingKeysWith: +)
    }
  }

  private func record(_ job: Job) -> ReportRecord {
    let now = SystemClock.steady
    let seconds = job.isFinished ? job.seconds : job.begun.map { Double(now - $0) / 1e9 } ?? 0
    var record: ReportRecord = [
      "job": .text("\(process)-\(job.number)"), "verb": .text(job.verb), "store": .text(job.store),
      "state": .text(job.phase.rawValue), "created": .time(job.created), "seconds": .number(seconds),
    ]
    if let progress = job.progress {
      var part: ReportRecord = [
        "stage": .text(progress.stage), "done": .count(progress.done),
        "total": progress.total.map { .count($0) } ?? .null, "unit": .text(progress.unit),
      ]
      let elapsed = Double(now - job.stageBegun) / 1e9
      if !job.isFinished, elapsed > 0, progress.done > 0 {
        let rate = Double(progress.done) / elapsed
        part.append("rate", .number(rate))
        if let total = progress.total, total >= progress.done {
          part.append("eta_seconds", .number(Double(total - progress.done) / rate))
        }
      }
      record.append("progress", .record(part))
    }
    if job.isCancelled, !job.isFinished { record.append("cancelling", true) }
    if let report = job.report { record.append("report", .record(report)) }
    if let problem = job.problem { record.append("problem", .record(problem.record)) }
    return record
  }

  // MARK: The end

  /// Asks all jobs to end, and begins none any more.
  func stop() { state.change { $0.isStopping = true } }

  /// - Returns: whether all jobs have ended in time.
  func waitForEnd(seconds: Double) -> Bool {
    state.wait(seconds: seconds) { $0.jobs.values.allSatisfy(\.isFinished) ? true : nil } ?? false
  }
}
