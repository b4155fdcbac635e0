internal import CohortCore
internal import CohortSystem
internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// Answers the requests of all connections: who asks, what for, and whether it may be; then the route's handler; then the
/// answer's bytes. Whatever goes wrong becomes a problem document; what goes wrong in the middle of an answer breaks it
/// off.
struct Reception: Sendable {
  let core: ServerCore
  let routes: RouteTable

  /// What is written at a time of an answer that is whole.
  private static let pieceBytes = 64 << 10

  func respond(_ request: Request, _ writer: consuming ResponseWriter, _ connection: Connection) async throws {
    guard !connection.isClosing else { throw CancellationError() }
    core.begin()
    defer { core.end() }
    let begun = SystemClock.steady
    let content = RequestContent(request) { connection.sendContinue() }
    var pattern = "none"
    var answer: Answer
    do {
      answer = try await self.answer(request, content, connection, &pattern)
    } catch {
      answer = Answer(report(error, request, pattern))
    }
    // What is left of a body is thrown away if it is short; else nothing more is read from this client.
    if connection.isClosing || core.isStopping || !content.isFinished && !content.isShort {
      connection.close()
      answer.headers[.connection] = "close"
    }
    defer { count(request, pattern, answer.status, seconds: Double(SystemClock.steady - begun) / 1e9) }
    do {
      try await send(answer, isHead: request.method == .head, writer)
    } catch {
      // The client sees an answer that is not complete; why, the log tells.
      if let error = error as? CohortError, error.code != .serverGone { _ = report(error, request, pattern) }
      throw error
    }
  }

  // MARK: Before the handler

  private func answer(
    _ request: Request, _ content: RequestContent, _ connection: Connection, _ pattern: inout String
  ) async throws -> Answer {
    let target = try RequestTarget(request.head.path ?? "", queryParameters: core.limits.queryParameters)
    if connection.door == .network { try core.hostRule.check(request.head) }
    let principal = principal(request, connection)
    if target.isServer {
      guard request.method == .options else { throw CohortError(.serverMalformed, "Only OPTIONS asks for *") }
      return Answer(.noContent, headers: [.allow: "DELETE, GET, HEAD, OPTIONS, PATCH, POST"])
    }
    let match = routes.match(request.method, target.path)
    // Whoever may not ask does not learn which routes there are.
    if target.path.first == "v1" { try require(.read, principal, request) }
    switch match {
    case .none: throw noRoute(target)
    case .methods(let methods, let known):
      pattern = known
      let allow = methods.joined(separator: ", ")
      if request.method == .options { return Answer(.noContent, headers: [.allow: allow]) }
      throw Problem(
        CohortError(.serverMethod, "This path has no \(request.method.rawValue)", hint: "It has \(allow)"),
        headers: [.allow: allow])
    case .route(let route, let parameters):
      pattern = route.pattern
      guard !core.isStopping || route.rights == .none else {
        throw CohortError(.serverStopping, "The daemon is stopping")
      }
      try require(route.rights, principal, request)
      try checkExpectation(request)
      let path = (request.head.path ?? "").prefix { $0 != "?" }
      return try await route.handler(
        Exchange(
          parameters: parameters, query: target.query, method: request.method, headers: request.headers,
          principal: principal, content: content, connection: connection, core: core, path: String(path)))
    }
  }

  /// Over the Unix socket the system has told who it is, over TCP a token does.
  private func principal(_ request: Request, _ connection: Connection) -> Principal {
    switch connection.door {
    case .local:
      // Whoever stands in front and has looked at a token may say that it only reads.
      let said = request.headers[.cohortRights]
      return Principal(rights: said == nil || said == "write" ? .write : .read)
    case .network:
      let headers = request.headers[values: .authorization]
      guard headers.count == 1, let token = Tokens.bearer(headers[0]) else { return Principal(rights: .none) }
      return Principal(rights: core.tokens.withLock { $0 }.rights(of: token.utf8) ?? .none)
    }
  }

  private func require(
    _ rights: Principal.Rights, _ principal: Principal, _ request: Request
  ) throws(CohortError) {
    guard principal.rights < rights else { return }
    guard principal.rights == .none else {
      throw CohortError(.serverForbidden, "The token may only read")
    }
    throw CohortError(
      .serverNoToken,
      request.headers[.authorization] == nil ? "The request has no token" : "The token is not known here")
  }

  private func checkExpectation(_ request: Request) throws(CohortError) {
    guard let expectation = request.headers[.expect], expectation.lowercased() != "100-continue" else { return }
    throw CohortError(.serverExpectation, "The request expects something that is not known here")
  }

  private func noRoute(_ target: RequestTarget) -> CohortError {
    let asked = "/" + target.path.joined(separator: "/")
    let hint = Suggestion.closest(to: String(asked.prefix(200)), among: routes.routes.map(\.pattern))
    return CohortError(
      .serverNoRoute, "There is nothing at this path",
      hint: hint.map { "Did you mean \($0)?" } ?? "GET /openapi.json tells what there is")
  }

  // MARK: After the handler

  /// What a client is told of an error; what nobody expected stands in the log as well.
  private func report(_ error: any Error, _ request: Request, _ pattern: String) -> Problem {
    let problem = Problem(describing: error)
    if problem.status.code == 500 {
      core.log.error(
        "request failed",
        metadata: [
          "method": "\(request.method.rawValue)", "route": "\(pattern)", "code": "\(problem.error.code)",
          "message": "\(problem.error.message)", "cause": "\(problem.error.cause ?? "")",
        ])
    }
    return problem
  }

  private func send(_ answer: Answer, isHead: Bool, _ writer: consuming ResponseWriter) async throws {
    var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
    head.headerFields[.date] = HTTPDate.now
    head.headerFields[.xContentTypeOptions] = "nosniff"
    if head.headerFields[.cacheControl] == nil { head.headerFields[.cacheControl] = "no-store" }
    switch answer.body {
    case .none:
      head.headerFields[.contentLength] = "0"
      try await writer.writeResponse(head)
    case .bytes(let bytes):
      head.headerFields[.contentLength] = String(bytes.readableBytes)
      if isHead {
        try await writer.writeResponse(head)
      } else if bytes.readableBytes <= Self.pieceBytes {
        try await writer.write(response: head, body: ResponseBody(byteBuffer: bytes))
      } else {
        var rest = bytes
        let body = try await writer.writeHead(head)
        var out: any ResponseBodyWriter = body
        while let piece = rest.readSlice(length: min(rest.readableBytes, Self.pieceBytes)), piece.readableBytes > 0 {
          try await out.write(piece)
        }
        try await out.finish(nil)
      }
    case .pipe(let pipe):
      defer { pipe.abandon() }
      if isHead {
        try await writer.writeResponse(head)
        return
      }
      let body = try await writer.writeHead(head)
      var out: any ResponseBodyWriter = body
      while let pieces = try await pipe.next() {
        for piece in pieces { try await out.write(piece) }
      }
      try await out.finish(nil)
    case .stream(let stream):
      if isHead {
        try await writer.writeResponse(head)
        return
      }
      let out = Answer.Writer(try await writer.writeHead(head))
      try await stream(out)
      try await out.finish()
    }
  }

  private func count(_ request: Request, _ pattern: String, _ status: HTTPResponse.Status, seconds: Double) {
    let method = Self.methods.contains(request.method) ? request.method.rawValue : "other"
    core.metrics.add(
      to: .httpRequests,
      [MetricLabel("route", pattern), MetricLabel("method", method), MetricLabel("status", String(status.code))])
    core.metrics.observe(seconds, in: .httpSeconds, [MetricLabel("route", pattern)])
    core.log.debug(
      "request",
      metadata: [
        "method": "\(method)", "route": "\(pattern)", "status": "\(status.code)", "seconds": "\(seconds)",
      ])
  }

  private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .delete, .put, .patch, .options, .trace]
}
