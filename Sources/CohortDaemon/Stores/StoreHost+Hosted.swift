import CohortActions
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortServer
import CohortStore
import CohortSystem

/// The store as the HTTP interface sees it.
extension StoreHost: HostedStore {
  var name: String { settings.name }

  func open() throws -> Store {
    try store.checkPlace()
    return store
  }

  func perform<R>(_ access: ActionAccess, patience: Double?, _ body: (Store) throws -> R) throws -> R {
    try store.holding(access.holds, patience: patience) { try body(store) }
  }

  var ingestion: IngestRequest {
    var options = IngestionOptions()
    options.workers = settings.workers
    return IngestRequest(options: options)
  }

  func shortage() -> CohortError? { roomShortage() }

  func wake() { schedule.wake() }

  func waitForLog(after sequence: LogSequence, seconds: Double) -> LogSequence {
    let end = SystemClock.steady + Int64(seconds * 1e9)
    while true {
      let turns = schedule.turnsEnded
      let last = (try? store.read { try $0.counters.lastSequence }) ?? sequence
      let left = Double(end - SystemClock.steady) / 1e9
      if last > sequence || left <= 0 || stop.isMade { return last }
      schedule.wait(forTurnAfter: turns, seconds: left, orUntil: { stop.isMade })
    }
  }

  var condition: StoreCondition {
    var condition = StoreCondition()
    (condition.guests, condition.guestTurns) = door.counts
    condition.turn = schedule.turn
    condition.isShortOfRoom = roomShortage() != nil
    let waiting = (try? store.read { try Backlog($0) })?.parts ?? []
    let now = SystemClock.steady
    state.withLock { state in
      for (part, count) in waiting where count > 0 && state.behindSince[part] == nil { state.behindSince[part] = now }
      for (part, count) in waiting where count == 0 { state.behindSince[part] = nil }
      condition.lag = waiting.map { part, _ in
        (part.text, state.behindSince[part].map { Double(now - $0) / 1e9 } ?? 0)
      }
      condition.troubles = state.troubles.map { ($0.key.text, $0.value.name) }.sorted { $0.part < $1.part }
      condition.inbox.inserted = state.inserted
      condition.inbox.duplicates = state.duplicates
      condition.inbox.quarantined = state.quarantined
      condition.inbox.files = state.files
      condition.inbox.failedFiles = state.failedFiles
    }
    return condition
  }
}
