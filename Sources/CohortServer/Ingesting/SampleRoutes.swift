internal import CohortActions
internal import CohortCore
internal import CohortPipeline
internal import HTTPTypes

/// `POST /v1/stores/{store}/samples`: the body's records become samples.
enum SampleRoutes {
  static let pattern = "/v1/stores/{store}/samples"

  static let route = Route(.post, pattern, rights: .write) { exchange in try await take(exchange) }

  private static func take(_ exchange: Exchange) async throws -> Answer {
    let intake = try exchange.core.intake(named: exchange.parameters["store"] ?? "")
    let session = try await begin(exchange, intake)
    switch await body(of: exchange, into: session) {
    case .decided(let outcome): return try answer(outcome)
    case .broken(let error):
      // Nobody is told; what was committed stays.
      session.abort()
      // A client that makes a pause is not waited for then: that is not its fault.
      guard !exchange.core.isStopping else { throw CohortError(.serverStopping, "The daemon is stopping") }
      throw error
    case .whole: break
    }
    guard exchange.prefersJob else { return try answer(await session.finish()) }
    // The body is here; what is left is to store it.
    session.end()
    return try exchange.startJob("samples", on: exchange.host()) { _ in
      switch session.outcome {
      case .answered(let json, _): ["answer": .encoded(json)]
      case .failed(let failure): throw Problem(failure)
      case .brokenOff: throw CohortError(.serverGone, "The body broke off")
      }
    }
  }

  private enum Reading: Sendable {
    case whole
    /// The outcome came before the end.
    case decided(IntakeOutcome)
    case broken(any Error)
  }

  /// Reads the body as long as anybody wants it.
  private static func body(of exchange: Exchange, into session: IntakeSession) async -> Reading {
    await withTaskGroup(of: Reading?.self) { group in
      group.addTask {
        do {
          for try await piece in exchange.content {
            guard await session.write(piece) else { return await session.decision().map { .decided($0) } }
          }
          return Task.isCancelled ? nil : .whole
        } catch {
          return .broken(error)
        }
      }
      group.addTask { await session.decision().map { .decided($0) } }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first ?? .broken(CancellationError())
    }
  }

  /// What can be said before the body: the client need not send it in vain.
  private static func begin(_ exchange: Exchange, _ intake: SampleIntake) async throws -> IntakeSession {
    let keys = exchange.headers[values: .idempotencyKey]
    let (query, headers, length) = (exchange.query, exchange.headers, exchange.content.length)
    return try await exchange.onReader {
      do throws(IntakeFailure) {
        guard keys.count < 2 else {
          throw IntakeFailure(CohortError(.serverIdempotencyKey, "The Idempotency-Key is there twice"))
        }
        let request = try IntakeRequest(
          query: query, contentType: headers[.contentType], contentEncoding: headers[.contentEncoding],
          contentLength: length.flatMap { UInt64(exactly: $0) }, idempotencyKey: keys.first, defaults: intake.defaults)
        return try intake.begin(request)
      } catch {
        throw Problem(error)
      }
    }
  }

  private static func answer(_ outcome: IntakeOutcome) throws -> Answer {
    switch outcome {
    case .answered(let json, let isReplay):
      return Answer(
        type: "application/json", json + [0x0a], headers: isReplay ? [.idempotencyReplayed: "true"] : [:])
    case .failed(let failure): throw Problem(failure)
    case .brokenOff: throw CohortError(.serverGone, "The body broke off")
    }
  }
}

extension Problem {
  /// With what was stored all the same, as `report`.
  init(_ failure: IntakeFailure) {
    var members = ReportRecord()
    if let stored = failure.stored { members.append("report", .encoded(stored)) }
    self.init(
      failure.error, status: failure.answered,
      headers: failure.answered == .unsupportedMediaType ? [.acceptEncoding: "gzip, zstd"] : [:], members: members)
  }
}

extension HTTPField.Name {
  static let idempotencyKey = named("Idempotency-Key")
  static let idempotencyReplayed = named("Idempotency-Replayed")

  private static func named(_ name: String) -> HTTPField.Name {
    guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
    return field
  }
}
