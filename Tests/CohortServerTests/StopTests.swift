import CohortServer
import CohortTesting
import Foundation
import Testing

/// The end of a server.
struct StopTests {
  private static let base = "/v1/stores/news"

  private func post(_ fixture: ServerFixture, _ path: String, _ body: String) throws -> RawClient {
    let client = try fixture.client()
    try client.send(
      "POST \(Self.base)\(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    return client
  }

  @Test func whatIsUnderWayIsAnsweredAndWhatIsNewIsRefused() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let kept = try fixture.client()
      #expect(try kept.ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
      let short = try post(fixture, "/write", #"{"milliseconds":800}"#)
      let long = try post(fixture, "/work", #"{"milliseconds":100000}"#)
      let job = try fixture.ask(
        "POST", Self.base + "/work", body: #"{"milliseconds":100000}"#, "Prefer: respond-async")
      #expect(job.status == 202)
      usleep(200_000)
      let begun = Date()
      let stopping = TestThreads(1) { _ in fixture.server.stop(within: 8) }
      usleep(200_000)
      let refused = try kept.ask("GET /v1/stores HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(refused.status == 503 && refused.code == "server.stopping" && refused.headers["connection"] == "close")
      #expect((try? fixture.client()) == nil)
      #expect(try short.answer().status == 201)
      let told = try long.answer()
      #expect(told.status == 503 && told.code == "cli.interrupted", "\(told)")
      stopping.wait()
      #expect(Date().timeIntervalSince(begun) < 7.5)
    }
  }

  @Test func clientsThatDoNotEndDoNotKeepTheServer() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 1, verbs: TestVerbs.all)
      let idle = try fixture.client()
      let partial = try fixture.client()
      try partial.send("GET / HTTP/1.1\r\n")
      let body = try fixture.client()
      try body.send(
        "POST \(Self.base)/work HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
      let events = try fixture.client()
      try events.send("GET \(Self.base)/events HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try events.head()?.status == 200)
      let begun = Date()
      fixture.server.stop(within: 3)
      // What they could wait for takes minutes.
      #expect(Date().timeIntervalSince(begun) < 20)
      #expect(try idle.isClosed() && partial.isClosed() && !events.rest().isEmpty)
      _ = body
    }
  }

  @Test func aServerThatWasStoppedCanBeFollowedByAnother() async throws {
    try await blocking {
      for _ in 0..<5 {
        let fixture = try ServerFixture(samples: 1)
        #expect(try fixture.ask("GET", Self.base).status == 200)
        #expect(fixture.server.stop(within: 3))
      }
    }
  }
}
