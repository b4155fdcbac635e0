internal import CohortActions
internal import CohortCore
internal import CohortPipeline
internal import CohortStore
internal import CohortSystem
internal import HTTPTypes
internal import NIOCore

/// A route for each verb: the same checks, the same work and the same names as on the command line.
enum VerbRoutes {
  static let base = "/v1/stores/{store}"

  static func route(_ verb: Verb) -> Route {
    let method = HTTPRequest.Method(verb.route.method.rawValue) ?? .get
    return Route(method, base + verb.route.path, rights: verb.access == .reads ? .read : .write) { exchange in
      try await answer(verb, exchange)
    }
  }

  private static func answer(_ verb: Verb, _ exchange: Exchange) async throws -> Answer {
    let host = try exchange.host()
    let format = try Self.format(of: verb.answer, accept: exchange.headers[values: .accept])
    let body = try await exchange.json()
    if verb.isLong, exchange.prefersJob {
      // What makes no sense is refused at once.
      let arguments = try await exchange.onReader { try Self.arguments(verb, exchange, body) }
      return try exchange.startJob(verb.name, on: host) { control in
        return try host.perform(verb.access(for: arguments), patience: nil) { store in
          let end = try verb.run(arguments, on: store, control)
          if let failure = end.failure { throw Problem(failure, members: ["report": .record(end.record ?? [:])]) }
          host.wake()
          return end.record ?? [:]
        }
      }
    }
    let pool = exchange.core.pool(for: verb)
    let pipe = AnswerPipe(from: pool, seconds: exchange.limits.stallSeconds)
    let run = VerbRun(verb, host, exchange, body, format, pipe)
    try pool.submit { run.perform() }
    let whole = try await withTaskCancellationHandler {
      try await pipe.whole()
    } onCancel: {
      pipe.abandon()
    }
    return answer(run.outcome, verb, format, whole, pipe, exchange)
  }

  private static func answer(
    _ outcome: VerbRun.Outcome, _ verb: Verb, _ format: AnswerFormat, _ whole: ByteBuffer?, _ pipe: AnswerPipe,
    _ exchange: Exchange
  ) -> Answer {
    var headers: HTTPFields = [:]
    headers[.cohortSequence] = outcome.sequence.map { String($0.rawValue) }
    if let mediaType = outcome.mediaType {
      headers[.contentType] = mediaType
    } else {
      headers[.contentType] = format == .csv ? "text/csv; charset=utf-8" : format.rawValue
      headers[.vary] = "Accept"
    }
    if outcome.isPartial { headers[.cohortPartial] = "true" }
    let status = HTTPResponse.Status(code: verb.route.status)
    if status == .created, let name = outcome.name {
      headers[.location] = "\(exchange.path)/\(RequestTarget.encoded(name))"
    }
    return Answer(status, headers, whole.map { .bytes($0) } ?? .pipe(pipe))
  }

  /// What the client likes best; a file is what its verb's parameters make it.
  private static func format(of answer: VerbAnswer, accept: [String]) throws -> AnswerFormat {
    switch answer {
    case .record: try AnswerFormat.choose(accept, from: [.json, .ndjson])
    case .rows, .table: try AnswerFormat.choose(accept, from: [.json, .ndjson, .csv])
    case .file: .json
    }
  }

  /// What the path, the query and the body say.
  static func arguments(_ verb: Verb, _ exchange: Exchange, _ body: [UInt8]) throws -> VerbArguments {
    try verb.arguments(path: exchange.parameters.filter { $0.key != "store" }, query: exchange.query, body: body)
  }
}

/// One verb that runs on a thread for one request, and writes what it answers into a pipe.
final class VerbRun: Sendable {
  /// What is known of it by the time the answer begins.
  struct Outcome: Sendable {
    /// The log's last entry when it began.
    var sequence: LogSequence?
    var isPartial = false
    /// What was made, when it has a name.
    var name: String?
    /// Of an answer that is a file.
    var mediaType: String?
  }

  private let verb: Verb
  private let host: any HostedStore
  private let exchange: Exchange
  private let body: [UInt8]
  private let format: AnswerFormat
  private let pipe: AnswerPipe
  private let begun = SystemClock.steady
  private let state = Locked(Outcome())

  /// Bytes that are handed over at a time.
  private static let pieceBytes = 32 << 10

  init(
    _ verb: Verb, _ host: any HostedStore, _ exchange: Exchange, _ body: [UInt8], _ format: AnswerFormat,
    _ pipe: AnswerPipe
  ) {
    self.verb = verb
    self.host = host
    self.exchange = exchange
    self.body = body
    self.format = format
    self.pipe = pipe
  }

  var outcome: Outcome { state.withLock { $0 } }

  func perform() {
    pipe.finish(Result { try run() })
  }

  private func run() throws {
    let patience = exchange.limits.patienceSeconds
    guard Double(SystemClock.steady - begun) / 1e9 < patience else {
      throw CohortError(.serverBusy, "All threads were busy for too long")
    }
    guard !exchange.connection.isClosed else { throw CohortError(.serverGone, "The client is gone") }
    let arguments = try VerbRoutes.arguments(verb, exchange, body)
    let access = verb.access(for: arguments)
    let exchange = exchange
    let isLong = verb.isLong
    var control = JobControl(shouldStop: { exchange.connection.isClosed || isLong && exchange.core.isStopping })
    control.questionSeconds = exchange.limits.questionSeconds
    try host.perform(access, patience: patience) { store in
      let sequence = try store.read { try $0.counters.lastSequence }
      state.withLock { $0.sequence = sequence }
      switch verb.answer {
      case .record: try record(arguments, store, control)
      case .rows(let fields, _): try rows(arguments, store, control, columns: fields.map(\.name))
      case .table: try rows(arguments, store, control, columns: nil)
      case .file: try file(arguments, store, control)
      }
    }
    if access != .reads { host.wake() }
  }

  private func record(_ arguments: VerbArguments, _ store: Store, _ control: JobControl) throws {
    let end = try verb.run(arguments, on: store, control)
    let record = end.record ?? [:]
    if let failure = end.failure { throw Problem(failure, members: ["report": .record(record)]) }
    state.withLock { outcome in
      outcome.isPartial = end.isPartial
      if case .text(let name)? = arguments.values["name"] { outcome.name = name }
    }
    var bytes: [UInt8] = []
    JSONText.append(record, to: &bytes)
    bytes.append(0x0a)
    try pipe.put(ByteBuffer(bytes: bytes))
  }

  private func file(_ arguments: VerbArguments, _ store: Store, _ control: JobControl) throws {
    guard let file = try verb.run(arguments, on: store, control).file else { return }
    state.withLock { $0.mediaType = file.mediaType }
    for start in stride(from: 0, to: file.bytes.count, by: Self.pieceBytes) {
      try pipe.put(ByteBuffer(bytes: file.bytes[start..<min(start + Self.pieceBytes, file.bytes.count)]))
    }
  }

  private func rows(
    _ arguments: VerbArguments, _ store: Store, _ control: JobControl, columns: [String]?
  ) throws {
    var text = RowText(format, columns: columns)
    let end = try verb.run(arguments, on: store, control) { row in
      text.append(row)
      if text.bytes.count >= Self.pieceBytes { try pipe.put(ByteBuffer(bytes: text.take())) }
    }
    if let failure = end.failure { throw failure }
    state.withLock { $0.isPartial = end.isPartial }
    text.finish()
    try pipe.put(ByteBuffer(bytes: text.take()))
  }
}

extension ServerCore {
  /// The threads that a verb runs on.
  fileprivate func pool(for verb: Verb) -> WorkPool {
    switch verb.access {
    case .reads: verb.isLong ? long : questions
    case .writes: verb.isLong ? long : writes
    case .updates, .rebuilds, .packs: long
    }
  }
}
