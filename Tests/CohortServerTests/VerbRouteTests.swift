import CohortActions
import CohortCore
import CohortServer
import CohortStore
import CohortSystem
import CohortTesting
import Foundation
import Testing

/// What verbs answer over HTTP. One after the other: they count what is made in all of the process.
@Suite(.serialized)
struct VerbRouteTests {
  private static let base = "/v1/stores/news"

  @Test func rowsComeInTheTypeThatIsAskedFor() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let json = try fixture.ask("GET", Self.base + "/rows?count=2")
      #expect(json.headers["content-type"] == "application/json" && json.rows.count == 2)
      #expect(json.headers["cohort-sequence"] == "1" && json.headers["content-length"] != nil)
      let lines = try fixture.ask("GET", Self.base + "/rows?count=2", "Accept: application/x-ndjson")
      #expect(lines.headers["content-type"] == "application/x-ndjson")
      let text = #""text":"a \"text\", with\nlines""#
      #expect(lines.text == "{\"n\":0,\(text)}\n{\"n\":1,\(text)}\n")
      let csv = try fixture.ask("GET", Self.base + "/rows?count=1", "Accept: application/json;q=0.1, text/csv")
      #expect(csv.text == "n,text\r\n0,\"a \"\"text\"\", with\nlines\"\r\n" && csv.headers["vary"] == "Accept")
      #expect(try fixture.ask("GET", Self.base + "/rows?count=0", "Accept: text/*").text == "n,text\r\n")
      #expect(try fixture.ask("GET", Self.base + "/rows?count=0").text == "[]\n")
      let other = try fixture.ask("GET", Self.base + "/rows?count=1", "Accept: image/png, text/csv;q=0")
      #expect(other.status == 406 && other.code == "server.not-acceptable")
    }
  }

  @Test func aLongAnswerIsStreamedAndComplete() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let answer = try fixture.ask("GET", Self.base + "/rows?count=20000")
      #expect(answer.headers["transfer-encoding"] == "chunked" && answer.isComplete && answer.rows.count == 20_000)
    }
  }

  @Test func anErrorBeforeTheAnswerIsAProblemAndOneInItBreaksItOff() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let early = try fixture.ask("GET", Self.base + "/rows?count=100&fail_at=50")
      #expect(early.status == 500 && early.code == "store.damaged-page", "\(early)")
      let late = try fixture.ask("GET", Self.base + "/rows?count=20000&fail_at=15000")
      #expect(late.status == 200 && !late.isComplete)
      #expect(fixture.logged.text.contains("store.damaged-page"))
    }
  }

  @Test func whatNobodyExpectedIsAProblemToo() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let answer = try fixture.ask("GET", Self.base + "/odd")
      #expect(answer.status == 500 && answer.code == "server.unexpected")
    }
  }

  @Test func theHeadOfAnAnswerCanBeAskedForAlone() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let client = try fixture.client()
      let head = try client.ask("HEAD \(Self.base)/rows?count=2 HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(head.status == 200 && Int(head.headers["content-length"] ?? "") ?? 0 > 50)
      let long = try client.ask("HEAD \(Self.base)/rows?count=20000 HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(long.status == 200 && long.headers["content-length"] == nil)
      let problem = try client.ask("HEAD /v1/stores/none HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(problem.status == 404)
      #expect(try client.ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
    }
  }

  @Test func aClientThatDoesNotReadHoldsUpNobodyAndIsGivenUp() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all) {
        $0.readers = 2
        $0.stallSeconds = 4
      }
      TestVerbs.rowsMade.withLock { $0 = 0 }
      let slow = try (0..<6).map { _ in
        let client = try fixture.networkClient(receiveBuffer: 4096)
        try client.send(
          "GET \(Self.base)/rows?count=100000000 HTTP/1.1\r\nHost: localhost\r\n"
            + "Authorization: Bearer \(ServerFixture.readToken)\r\n\r\n")
        return client
      }
      usleep(300_000)
      let begun = Date()
      for _ in 0..<10 { #expect(try fixture.ask("GET", Self.base + "/rows?count=1").status == 200) }
      #expect(Date().timeIntervalSince(begun) < 9)
      // They are dropped, and no thread works for them any more.
      #expect(
        try isReached(within: 60, every: 0.2) {
          try fixture.ask("GET", "/metrics").text.contains("cohort_http_threads_busy{kind=\"read\"} 1\n")
        })
      #expect(TestVerbs.rowsMade.withLock { $0 } < 6_000_000)
      for client in slow { #expect(try !client.rest().isEmpty) }
    }
  }

  /// Long answers take as long as they take, however fast their clients read: short questions do not wait for them.
  @Test func longAnswersKeepNoShortQuestionWaiting() async throws {
    try await blocking {
      let gate = Locked((inside: 0, isOpen: false))
      let long = Verb(
        "long", "Answer long.", access: .reads, route: VerbRoute(.get, "/long"),
        answer: .rows([VerbField("text", .text)], isStream: false)
      ) { _, _, _, row in
        let text = ReportValue.text(String(repeating: "x", count: 64 << 10))
        for _ in 0..<6 { try row(["text": text]) }
        gate.change { $0.inside += 1 }
        _ = gate.wait(seconds: 60) { $0.isOpen ? true : nil }
        return VerbEnd()
      }
      let fixture = try ServerFixture(verbs: TestVerbs.all + [long]) { limits in
        limits.readers = 1
        limits.slowReaders = 2
      }
      let clients = try (0..<2).map { _ in
        let client = try fixture.client()
        try client.send("GET \(Self.base)/long HTTP/1.1\r\nHost: a\r\n\r\n")
        return client
      }
      #expect(gate.wait(seconds: 30) { $0.inside == 2 ? true : nil } == true)
      #expect(try fixture.ask("GET", Self.base + "/rows?count=1").status == 200)
      // One too many is told so before anything of it is sent.
      let refused = try fixture.ask("GET", Self.base + "/long")
      #expect(refused.status == 503 && refused.code == "server.busy", "\(refused)")
      #expect(try fixture.ask("GET", Self.base + "/rows?count=1").status == 200)
      gate.change { $0.isOpen = true }
      for client in clients {
        let answer = try client.answer()
        #expect(answer.isComplete && answer.rows.count == 6)
      }
    }
  }

  /// Whatever a request asks for, the server decides how long a statement may keep a thread. To ask again is in vain.
  @Test func aStatementHasTheServersTime() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 5) { $0.questionSeconds = 0.2 }
      let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
      let answer = try fixture.ask("POST", Self.base + "/sql", body: #"{"sql":"\#(endless)","timeout":600}"#)
      #expect(answer.status == 422 && answer.code == "catalog.deadline", "\(answer)")
      #expect(answer.headers["retry-after"] == nil)
      #expect(try fixture.ask("POST", Self.base + "/sql", body: #"{"sql":"SELECT 1 AS a"}"#).rows.count == 1)
    }
  }

  @Test func whatIsMadeIsToldWithItsPlaceAndOthersWakeUp() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let answer = try fixture.ask("POST", Self.base + "/write", body: #"{"milliseconds":0,"name":"a b/c"}"#)
      #expect(answer.status == 201 && fixture.host.wakes == 1)
      #expect(answer.headers["location"] == Self.base + "/write/a%20b%2Fc", "\(answer.headers)")
    }
  }

  @Test func whoWritesWaitsForTheTurnAndNoReaderDoes() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all) { $0.patienceSeconds = 0.5 }
      let writer = try fixture.client()
      let body = #"{"milliseconds":5000}"#
      try writer.send(
        "POST \(Self.base)/write HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      usleep(200_000)
      let begun = Date()
      #expect(try fixture.ask("GET", Self.base + "/rows?count=1").status == 200)
      #expect(Date().timeIntervalSince(begun) < 4)
      let other = try fixture.ask("POST", Self.base + "/write", body: #"{"milliseconds":0}"#)
      #expect(other.status == 503 && other.code == "daemon.busy" && other.headers["retry-after"] != nil)
      #expect(try writer.answer().status == 201)
    }
  }

  @Test func workThatEndsEarlyIsAProblemWithItsReport() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let failed = try fixture.ask("POST", Self.base + "/work", body: #"{"milliseconds":1,"failing":true}"#)
      #expect(failed.status == 502 && (failed.object["report"] as? [String: Any])?["steps"] as? Int == 1)
      let partial = try fixture.ask("POST", Self.base + "/work", body: #"{"milliseconds":1}"#)
      #expect(partial.status == 200 && partial.headers["cohort-partial"] == "true")
    }
  }

  @Test func damageIsToldWithItsPlaceAndTheStoreIsListed() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 1)
      fixture.host.fail(
        CohortError(ErrorCode(.lmdb, "meta", .corruption), "The meta page is damaged", place: "page 1"))
      let answer = try fixture.ask("GET", Self.base)
      #expect(answer.status == 500 && answer.object["place"] as? String == "page 1")
      #expect(try fixture.ask("GET", "/v1/stores").rows.count == 1)
      #expect(try fixture.ask("GET", "/metrics").text.contains("cohort_store_open{store=\"news\"} 1\n"))
    }
  }

  @Test func figuresAreWrittenAsPrometheusReadsThem() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 7)
      _ = try fixture.ask("GET", Self.base)
      let answer = try fixture.ask("GET", "/metrics")
      #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      var names: Set<Substring> = []
      for line in answer.text.split(separator: "\n") where !line.hasPrefix("#") {
        #expect(
          line.wholeMatch(of: #/[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)/#) != nil,
          "\(line)")
        names.insert(line.prefix { $0 != " " })
      }
      for name in [
        "cohort_samples{store=\"news\"}", "process_open_fds", "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_cpu_seconds_total", "process_max_fds", "cohort_http_connections",
        "cohort_http_requests_total{route=\"/v1/stores/{store}\",method=\"GET\",status=\"200\"}",
        "cohort_http_request_seconds_bucket{route=\"/v1/stores/{store}\",le=\"+Inf\"}",
      ] {
        #expect(names.contains(name[...]), "\(name)")
      }
    }
  }
}
