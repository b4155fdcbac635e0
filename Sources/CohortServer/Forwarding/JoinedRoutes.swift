internal import CohortActions
internal import CohortCore
internal import HTTPTypes
internal import NIOCore

/// The routes that are about all stores: each joins what the processes say. One that says nothing in time is told of,
/// and not waited for.
enum JoinedRoutes {
  static func all(_ forwarder: Forwarder) -> [Route] {
    [
      Route(.get, "/readyz", rights: .none) { try await ready($0, forwarder) },
      Route(.get, "/metrics", rights: .none) { try await metrics($0, forwarder) },
      Route(.get, "/v1/stores", rights: .read) { exchange in
        let said = await forwarder.ask("/v1/stores", on: exchange.connection.channel.eventLoop)
        let rows = said.map { said in inner(of: said, after: "[") ?? .record(record(of: said)) }
        return Answer(list: rows)
      },
    ]
  }

  /// 200 once each store is open, or closed for good by damage.
  private static func ready(_ exchange: Exchange, _ forwarder: Forwarder) async throws -> Answer {
    let said = await forwarder.ask("/readyz", on: exchange.connection.channel.eventLoop)
    let isReady =
      !exchange.core.isStopping
      && said.allSatisfy { said in
        if case .closed = said.store.condition { true } else { said.answer?.status == 200 }
      }
    let record: ReportRecord = [
      "status": exchange.core.isStopping ? "stopping" : isReady ? "ready" : "starting",
      "stores": .list(said.map { inner(of: $0, after: "\"stores\":[") ?? .record(self.record(of: $0)) }),
    ]
    var answer = Answer(record, status: isReady ? .ok : .serviceUnavailable)
    if !isReady { answer.headers[.retryAfter] = "1" }
    return answer
  }

  /// What a process says of its store: the one thing in its list. Nil when it said nothing, or something else.
  private static func inner(of said: Forwarder.Said, after mark: String) -> ReportValue? {
    guard let answer = said.answer, answer.status == 200 || answer.status == 503 else { return nil }
    let (bytes, mark) = (answer.bytes, Array(mark.utf8))
    guard let end = bytes.lastIndex(of: UInt8(ascii: "]")),
      let start = (0..<max(bytes.count - mark.count, 0)).first(where: { bytes[$0...].starts(with: mark) }),
      start + mark.count < end, bytes[start + mark.count] == UInt8(ascii: "{")
    else { return nil }
    return .encoded(Array(bytes[(start + mark.count)..<end]))
  }

  /// What is known of a store whose process says nothing.
  private static func record(of said: Forwarder.Said) -> ReportRecord {
    let store = said.store
    var record: ReportRecord = ["name": .text(store.name)]
    func append(_ state: String, _ error: CohortError?) {
      record.append("state", .text(state))
      if let error { record.append("problem", .record(Problem(error).record)) }
    }
    switch store.condition {
    case .closed(let damage): append("damaged", damage)
    case .starting: append("starting", nil)
    case .away(_, let cause): append("away", cause)
    case .ended: append("closed", nil)
    case .open:
      append(
        "silent",
        CohortError(.serverStoreAway, "The process of the store does not answer in time", place: store.name))
    }
    record.append("restarts", .count(store.restarts))
    return record
  }

  private static func metrics(_ exchange: Exchange, _ forwarder: Forwarder) async throws -> Answer {
    let core = exchange.core
    let said = await forwarder.ask("/metrics", on: exchange.connection.channel.eventLoop)
    let own = try await exchange.onReader { MetricCollection.text(of: core) }
    var joined = JoinedMetrics()
    joined.add(own, store: nil)
    for said in said {
      let name = said.store.name
      if let answer = said.answer, answer.status == 200 {
        joined.add(String(decoding: answer.bytes, as: UTF8.self), store: name)
      } else {
        let isDamaged = if case .closed = said.store.condition { true } else { false }
        joined.add(0, to: .storeOpen, store: name)
        joined.add(isDamaged ? 1 : 0, to: .storeDamaged, store: name)
      }
      joined.add(said.answer == nil ? 0 : 1, to: .storeAnswers, store: name)
      joined.add(said.store.restarts, to: .storeRestarts, store: name)
    }
    return Answer(type: MetricText.mediaType, Array(joined.text.utf8))
  }
}

extension MetricFamily {
  fileprivate static let storeOpen = MetricFamily("cohort_store_open", .gauge, "Whether the store is open.")
  fileprivate static let storeDamaged = MetricFamily(
    "cohort_store_damaged", .gauge, "Whether the store is closed by damage.")
  fileprivate static let storeAnswers = MetricFamily(
    "cohort_store_answers", .gauge, "Whether the process of the store answered in time.")
  fileprivate static let storeRestarts = MetricFamily(
    "cohort_store_restarts_total", .counter, "Processes of the store that were started after the first one.")
}

extension Answer {
  /// Values as a JSON array.
  fileprivate init(list values: [ReportValue]) {
    var bytes: [UInt8] = []
    JSONText.append(.list(values), to: &bytes)
    bytes.append(0x0a)
    self.init(type: "application/json", bytes)
  }
}
