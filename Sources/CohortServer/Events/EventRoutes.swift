internal import CohortActions
internal import CohortCore
internal import CohortPipeline
internal import CohortStore
internal import HTTPTypes

/// `GET …/events`: the log as server-sent events, each entry as it commits.
///
/// Nothing is kept for a client: it is given what is in the log since what it had last, as fast as it takes it. One that
/// takes nothing for too long is dropped.
enum EventRoutes {
  /// Entries that are read at a time.
  private static let blockEntries = 256

  static let route = Route(.get, "/v1/stores/{store}/events", rights: .read) { exchange in
    let host = try exchange.host()
    let kinds = try kinds(exchange.values("kind"))
    guard exchange.query.allSatisfy({ $0.name == "kind" || $0.name == "since" }) else {
      throw CohortError(.serverMalformed, "The query has a name that is not known", hint: "It takes since and kind")
    }
    let start = try await start(exchange, host)
    guard let place = exchange.core.beginStream() else {
      throw CohortError(.serverBusy, "Too many clients follow the log")
    }
    var headers: HTTPFields = [.cacheControl: "no-store", .cohortSequence: String(start.rawValue)]
    headers[.acceptBuffering] = "no"
    return Answer(type: "text/event-stream", headers: headers) { writer in
      defer { withExtendedLifetime(place) {} }
      try await send(from: start, kinds, host, exchange, writer)
    }
  }

  private static func kinds(_ names: [String]) throws(CohortError) -> Set<LogKind> {
    var kinds: Set<LogKind> = []
    for name in names {
      guard let kind = LogKind.allCases.first(where: { $0.name == name }) else {
        let hint = Suggestion.closest(to: name, among: LogKind.allCases.map(\.name)).map { "Did you mean \($0)?" }
        throw CohortError(.cliUsage, "There is no kind of log entry \"\(name.prefix(100))\"", place: "kind", hint: hint)
      }
      kinds.insert(kind)
    }
    return kinds
  }

  /// The last entry that the client has: as it says, or the last one of the log.
  private static func start(_ exchange: Exchange, _ host: any HostedStore) async throws -> LogSequence {
    if let text = exchange.headers[.lastEventID] ?? exchange.values("since").last {
      guard let number = UInt64(text) else {
        throw CohortError(.cliUsage, "\"\(text.prefix(40))\" is no number of a log entry", place: "since")
      }
      return LogSequence(number)
    }
    return try await exchange.onReader { try host.open().read { try $0.counters.lastSequence } }
  }

  private static func send(
    from start: LogSequence, _ kinds: Set<LogKind>, _ host: any HostedStore, _ exchange: Exchange,
    _ writer: Answer.Writer
  ) async throws {
    // The head goes out at once, whenever the first entry comes.
    try await writer.write(Array(": \(host.name)\nretry: 2000\n\n".utf8))
    var last = start
    while !exchange.connection.isInputClosed, !exchange.core.isStopping {
      let position = last
      let block = try await exchange.onReader { try entries(after: position, kinds, host) }
      last = block.last
      if !block.text.isEmpty { try await writer.write(block.text) }
      if block.isWhole {
        let before = last
        await exchange.core.feeds.wait(
          for: host, after: last, seconds: exchange.limits.heartbeatSeconds, exchange.connection)
        if !exchange.core.isStopping, before == last { try await writer.write(Array(":\n\n".utf8)) }
      }
    }
  }

  /// The next entries as events, the number of the last one that was looked at, and whether there are no more.
  private static func entries(
    after position: LogSequence, _ kinds: Set<LogKind>, _ host: any HostedStore
  ) throws -> (text: [UInt8], last: LogSequence, isWhole: Bool) {
    let store = try host.open()
    var text: [UInt8] = []
    var last = position
    let end = try store.read { try $0.counters.lastSequence }
    guard end > position else { return ([], position, true) }
    var count = 0
    struct Enough: Error {}
    do {
      try LogAction(from: position.rawValue + 1, kinds: kinds).run(on: store, JobControl()) { row in
        guard count < blockEntries else { throw Enough() }
        count += 1
        if case .unsigned(let number)? = row["sequence"] { last = LogSequence(number) }
        if case .text(let kind)? = row["kind"] { text += Array("event: \(kind)\n".utf8) }
        text += Array("id: \(last.rawValue)\ndata: ".utf8)
        JSONText.append(row, to: &text)
        text += [0x0a, 0x0a]
      }
    } catch is Enough {
      return (text, last, false)
    }
    return (text, max(last, end), true)
  }
}
