import CohortActions
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortServer
import CohortStore
import CohortSystem
import CohortTesting

/// A store that a test hosts: what a daemon does around it, without the daemon.
final class TestHost: HostedStore {
  let name: String
  let store: Store
  let ingestion = IngestRequest()
  private let folder: TemporaryFolder
  private let turn = Locked(false)
  private let state = Locked(State())

  private struct State {
    var condition = StoreCondition()
    var error: CohortError?
    var shortage: CohortError?
    var wakes = 0
  }

  init(_ name: String, samples: Int = 0) throws {
    self.name = name
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"), mapSize: 128 << 20)
    if samples > 0 { try add(samples) }
  }

  /// Adds samples; an entry in the log.
  func add(_ count: Int, source: String = "text") throws {
    var batch = SampleBatchBuilder()
    for number in 0..<count {
      batch.add(prompt: "prompt \(source) \(number)", response: "response \(number)", task: number % 2 == 0 ? "a" : "b")
    }
    let prepared = batch.prepared
    try store.write { _ = try $0.ingest(prepared, source: source, origin: "memory") }
  }

  func change(_ body: (inout StoreCondition) -> Void) { state.withLock { body(&$0.condition) } }

  /// What `open` throws from now on.
  func fail(_ error: CohortError?) { state.withLock { $0.error = error } }

  var wakes: Int { state.withLock { $0.wakes } }

  func open() throws -> Store {
    if let error = state.withLock({ $0.error }) { throw error }
    return store
  }

  func perform<R>(_ access: ActionAccess, patience: Double?, _ body: (Store) throws -> R) throws -> R {
    let store = try open()
    guard access != .reads else { return try body(store) }
    let isMine: Bool? = turn.wait(seconds: patience ?? 1e6) { isTaken in
      guard !isTaken else { return nil }
      isTaken = true
      return true
    }
    guard isMine == true else { throw CohortError(ErrorCode(.daemon, "busy", .temporary), "Others write") }
    defer { turn.change { $0 = false } }
    return try body(store)
  }

  func shortage() -> CohortError? { state.withLock { $0.shortage } }

  func wake() { state.withLock { $0.wakes += 1 } }

  func waitForLog(after sequence: LogSequence, seconds: Double) -> LogSequence {
    var last = LogSequence.none
    _ = isReached(within: seconds, every: 0.01) {
      last = (try? store.read { try $0.counters.lastSequence }) ?? .none
      return last > sequence
    }
    return last
  }

  var condition: StoreCondition { state.withLock { $0.condition } }
}
