import CohortActions
import CohortCore
import CohortTesting
import HTTPTypes
import Testing

@testable import CohortServer

/// The decisions that need no socket.
struct RuleTests {
  @Test func anAddressIsTakenApartPartByPart() throws {
    let target = try RequestTarget("/v1/stores/a%2Fb%20c/x?q=a+b%2B&e=&f&q=%C3%A9")
    #expect(target.path == ["v1", "stores", "a/b c", "x"])
    #expect(target.values("q") == ["a b+", "é"] && target.values("e") == [""] && target.values("f") == [""])
    #expect(try RequestTarget("http://localhost/healthz").path == ["healthz"])
    #expect(try RequestTarget("/").path == [] && RequestTarget("/?a=1").path == [])
    #expect(try RequestTarget("/a+b").path == ["a+b"])
    #expect(RequestTarget.encoded("a/b c.é") == "a%2Fb%20c.%C3%A9")
  }

  @Test func everyTextComesBackFromItsEncodedForm() throws {
    let seed = Torture.seed
    var random = TestRandom(seed: seed)
    for _ in 0..<500 {
      let scalars = (0..<(1 + random.below(12))).compactMap { _ in Unicode.Scalar(UInt32(random.below(0x3000))) }
      var text = ""
      for scalar in scalars where scalar.value >= 0x20 && scalar.value != 0x7f { text.unicodeScalars.append(scalar) }
      guard !text.isEmpty, text != ".", text != ".." else { continue }
      let path = try RequestTarget("/" + RequestTarget.encoded(text)).path
      #expect(path.map { Array($0.utf8) } == [Array(text.utf8)], "seed \(seed): \(text)")
    }
  }

  @Test func literalPartsWinOverParameters() {
    var table = RouteTable()
    for (method, pattern) in [(HTTPRequest.Method.get, "/a/{x}"), (.get, "/a/b"), (.post, "/a/b"), (.get, "/a/{x}/c")] {
      table.add(Route(method, pattern, rights: .none) { _ in Answer(.ok) })
    }
    func found(_ method: HTTPRequest.Method, _ path: String...) -> String {
      switch table.match(method, path) {
      case .route(let route, let parameters): "\(route.pattern) \(parameters.values.joined())"
      case .methods(let methods, _): methods.joined(separator: " ")
      case .none: "none"
      }
    }
    #expect(found(.get, "a", "b") == "/a/b " && found(.get, "a", "z") == "/a/{x} z")
    #expect(found(.head, "a", "z") == "/a/{x} z" && found(.get, "a", "b", "c") == "/a/{x}/c b")
    #expect(found(.post, "a", "z") == "GET HEAD OPTIONS" && found(.delete, "a", "b") == "GET HEAD OPTIONS POST")
    #expect(found(.get, "a") == "none" && found(.get, "a", "") == "none" && found(.get) == "none")
  }

  @Test func aTokenIsKnownOnlyAsAWhole() {
    let tokens = Tokens([("write-token-0123", .write), ("read-token-01234", .read), ("both", .read), ("both", .write)])
    #expect(tokens.rights(of: "write-token-0123".utf8) == .write && tokens.rights(of: "read-token-01234".utf8) == .read)
    #expect(tokens.rights(of: "both".utf8) == .write)
    for wrong in [
      "", "w", "write-token-012", "write-token-01234", "write-token-0123write-token-0123", "Write-token-0123",
    ] {
      #expect(tokens.rights(of: wrong.utf8) == nil, "\(wrong)")
    }
    #expect(Tokens().rights(of: "a".utf8) == nil)
    #expect(
      Tokens.bearer("Bearer  a b") == "a b" && Tokens.bearer("bearer x") == "x" && Tokens.bearer("Basic x") == nil)
  }

  @Test(
    arguments: [
      ([], "application/json"), (["*/*"], "application/json"), (["text/csv"], "text/csv"), (["text/*"], "text/csv"),
      (["application/x-ndjson"], "application/x-ndjson"), (["application/jsonl"], "application/x-ndjson"),
      (["text/csv;q=0.5, application/json;q=0.4"], "text/csv"), (["*/*;q=0.1, text/csv;q=0"], "application/json"),
      (["text/html,*/*;q=0.8"], "application/json"), (["image/png"], nil), (["application/json;q=0"], nil),
      (["TEXT/CSV ; q=1"], "text/csv"), (["rubbish"], "application/json"),
    ] as [([String], String?)])
  func theTypeThatAClientLikesBestIsChosen(_ accept: [String], _ expected: String?) {
    #expect((try? AnswerFormat.choose(accept, from: AnswerFormat.allCases))?.rawValue == expected, "\(accept)")
  }

  @Test(
    arguments: [
      (ErrorCode(.store, "unknown-plan", .notFound), 404), (ErrorCode(.store, "plan-exists", .usage), 409),
      (ErrorCode(.store, "snapshot-in-use", .usage), 409), (ErrorCode(.cli, "argument", .usage), 422),
      (ErrorCode(.cli, "malformed-body", .usage), 400), (ErrorCode(.store, "checksum", .corruption), 500),
      (ErrorCode(.daemon, "low-disk", .temporary), 507), (ErrorCode(.lmdb, "disk-full", .temporary), 507),
      (ErrorCode(.daemon, "busy", .temporary), 503), (ErrorCode(.pipeline, "interrupted", .interrupted), 503),
      (ErrorCode(.ingestion, "no-records", .failure), 422), (ErrorCode(.ingestion, "input-output", .failure), 500),
      (ErrorCode(.ingestion, "decompression-ratio", .failure), 413), (ErrorCode(.lmdb, "io", .failure), 500),
      (ErrorCode(.catalog, "deadline", .temporary), 422), (ErrorCode(.store, "dropped", .notFound), 404),
      (ErrorCode(.store, "plan-in-use", .usage), 409), (ErrorCode(.store, "turn-overdue", .temporary), 503),
    ] as [(ErrorCode, Int)])
  func anErrorHasTheStatusOfItsKind(_ code: ErrorCode, _ status: Int) {
    let problem = Problem(CohortError(code, "m", place: "p", cause: "c", hint: "h"))
    #expect(problem.status.code == status)
    #expect((problem.headers[.retryAfter] != nil) == [503, 507].contains(status))
    #expect(
      problem.record.fields.map(\.name) == ["type", "title", "status", "detail", "code", "place", "cause", "hint"])
  }

  /// Samples and verbs have one answer for an error.
  @Test(
    arguments: [
      (ErrorCode(.ingestion, "body-too-large", .usage), 413), (ErrorCode(.ingestion, "idle", .temporary), 408),
      (ErrorCode(.ingestion, "foreign-format", .usage), 415), (ErrorCode(.server, "under-way", .temporary), 409),
      (ErrorCode(.store, "unknown-embedding-space", .notFound), 404), (ErrorCode(.lmdb, "disk-full", .temporary), 507),
      (ErrorCode(.store, "turn-overdue", .temporary), 503), (ErrorCode(.cli, "interrupted", .interrupted), 503),
      (ErrorCode(.embedding, "server-unreachable", .unreachable), 502),
      (ErrorCode(.store, "checksum", .corruption), 500),
    ] as [(ErrorCode, Int)])
  func samplesAreRefusedAsEverythingElse(_ code: ErrorCode, _ status: Int) {
    let error = CohortError(code, "m")
    let (problem, failure) = (Problem(error), IntakeFailure(error))
    #expect(problem.status.code == status && failure.status == status)
    #expect(problem.headers[.retryAfter] == failure.retryAfter.map { String($0) })
    #expect(Problem(failure).status.code == status)
  }

  @Test(
    arguments: [
      ("Give --to-task, --no-task or --set KEY=JSON", "Give 'to_task', 'no_task' or 'set' KEY=JSON"),
      ("See cohort group list --grouping topics", "See cohort group list --grouping topics"),
      ("A name--with two hyphens stays", "A name--with two hyphens stays"), ("Try again - later", "Try again - later"),
    ] as [(String, String)])
  func hintsNameParametersAndNoFlags(_ hint: String, _ expected: String) {
    func told(_ code: ErrorCode) -> String? {
      if case .text(let text)? = Problem(CohortError(code, "m", hint: hint)).record["hint"] { text } else { nil }
    }
    #expect(told(ErrorCode(.cli, "usage", .usage)) == expected)
    // What the daemon was started with are flags.
    #expect(told(ErrorCode(.daemon, "low-disk", .temporary)) == hint)
  }

  @Test func theTimeIsWrittenAsHTTPWantsIt() {
    #expect(HTTPDate.text(seconds: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate.text(seconds: 951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
  }

  @Test func textOfMetricsIsEscaped() {
    var text = MetricText()
    text.add(1.5, to: MetricFamily("a", .gauge, "One\nline."), [MetricLabel("l", "a\"b\\c\nd")])
    #expect(text.text == "# HELP a One line.\n# TYPE a gauge\na{l=\"a\\\"b\\\\c\\nd\"} 1.5\n")
  }
}
