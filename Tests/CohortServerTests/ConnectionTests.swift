import CohortServer
import CohortTesting
import Foundation
import Testing

/// How connections are kept, and how they end.
struct ConnectionTests {
  private static let alive = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

  @Test func requestsThatComeTogetherAreAnsweredInOrder() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 1)
      let client = try fixture.client()
      let paths = (0..<50).map { $0 % 2 == 0 ? "/v1/stores/none\($0)" : "/healthz" }
      try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
      for path in paths {
        let answer = try client.answer()
        #expect(answer.status == (path == "/healthz" ? 200 : 404), "\(path)")
        if path != "/healthz" { #expect(answer.text.contains(path.dropFirst(11)), "\(answer.text)") }
      }
    }
  }

  @Test func aFaultIsAnsweredAfterTheRequestsBeforeIt() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let client = try fixture.client()
      try client.send(Self.alive + Self.alive + "NONSENSE\r\n\r\n")
      #expect(try client.answer().status == 200)
      #expect(try client.answer().status == 200)
      #expect(try client.answer().status == 400)
      #expect(try client.isClosed())
    }
  }

  @Test func nothingBehindTheLastRequestOfAConnectionIsCarriedOut() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let client = try fixture.client()
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + Self.alive)
      #expect(try client.answer().headers["connection"] == "close")
      #expect(try client.isClosed())
    }
  }

  @Test func aClientThatHasSaidAllIsStillAnswered() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let client = try fixture.client()
      try client.send(Self.alive + Self.alive)
      client.finish()
      #expect(try client.answer().status == 200)
      #expect(try client.answer().status == 200)
      #expect(try client.isClosed())
    }
  }

  @Test func clientsOfHTTP10GetAnswersThatTheyUnderstand() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 10_000)
      let client = try fixture.client()
      let answer = try client.ask("GET /healthz HTTP/1.0\r\n\r\n")
      #expect(answer.version == "HTTP/1.0" && answer.status == 200 && answer.headers["connection"] == "close")
      #expect(try client.isClosed())
      let kept = try fixture.client()
      let head = "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
      #expect(try kept.ask(head).headers["connection"] == "keep-alive")
      #expect(try kept.ask(head).status == 200)
      // An answer whose length is not known ends with the connection.
      let streamed = try fixture.client().ask("GET /v1/stores/news/samples?limit=10000 HTTP/1.0\r\n\r\n")
      #expect(streamed.headers["transfer-encoding"] == nil && streamed.rows.count == 10_000)
    }
  }

  @Test func aBodyIsAskedForOnlyOnceTheRequestIsAccepted() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 1)
      let client = try fixture.client()
      let body = "{\"sql\":\"SELECT 1 AS one\"}"
      let head =
        "Host: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
      try client.send("POST /v1/stores/news/sql HTTP/1.1\r\n" + head)
      #expect(try client.answer().status == 100)
      try client.send(body)
      let answer = try client.answer()
      #expect(answer.status == 200 && answer.text == "[{\"one\":1}]\n", "\(answer)")
      // Refused: no word to go on, and no more of this connection.
      let other = try fixture.client()
      try other.send("POST /v1/stores/none/sql HTTP/1.1\r\n" + head)
      let refusal = try other.answer()
      #expect(refusal.status == 404 && refusal.headers["connection"] == "close")
      #expect(try other.isClosed())
    }
  }

  @Test func aConnectionOutlivesARefusalWithAShortBody() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let client = try fixture.client()
      let answer = try client.ask("POST /v1/stores/none/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde")
      #expect(answer.status == 404 && answer.headers["connection"] == nil)
      #expect(try client.ask(Self.alive).status == 200)
    }
  }

  @Test func aClientThatSendsItsHeadersDropByDropIsGivenUp() async throws {
    try await blocking {
      let fixture = try ServerFixture { $0.headerSeconds = 0.5 }
      let client = try fixture.client()
      let begun = Date()
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n")
      for _ in 0..<8 {
        usleep(100_000)
        try? client.send("X-A: b\r\n")
      }
      let answer = try client.answer()
      #expect(answer.status == 408 && answer.code == "server.too-slow")
      #expect(Date().timeIntervalSince(begun) < 20)
      #expect(try client.isClosed())
    }
  }

  @Test func aClientThatSaysNothingIsGivenUp() async throws {
    try await blocking {
      let fixture = try ServerFixture {
        $0.headerSeconds = 0.3
        $0.idleSeconds = 0.6
      }
      #expect(try fixture.client(seconds: 5).isClosed())
      let client = try fixture.client(seconds: 5)
      #expect(try client.ask(Self.alive).status == 200)
      usleep(400_000)
      // The time between two requests is another one than that of the first headers.
      #expect(try client.ask(Self.alive).status == 200)
      #expect(try client.isClosed())
    }
  }

  @Test func aBodyWithALongPauseIsGivenUp() async throws {
    try await blocking {
      let fixture = try ServerFixture { $0.bodySeconds = 0.4 }
      let client = try fixture.client(seconds: 5)
      try client.send(
        "POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
      let answer = try client.answer()
      #expect(answer.status == 408 && answer.code == "server.too-slow", "\(answer)")
      #expect(try client.isClosed())
    }
  }

  @Test func aConnectionTooManyIsToldSoAndTheOthersGoOn() async throws {
    try await blocking {
      let fixture = try ServerFixture { $0.connections = 3 }
      let clients = try (0..<3).map { _ in try fixture.client() }
      for client in clients { #expect(try client.ask(Self.alive).status == 200) }
      let other = try fixture.client(seconds: 5)
      let answer = try other.answer()
      #expect(answer.status == 503 && answer.code == "server.busy" && answer.headers["retry-after"] != nil)
      for client in clients { #expect(try client.ask(Self.alive).status == 200) }
      clients[0].finish()
      let isAnswered = isReached { (try? fixture.client().ask(Self.alive))?.status == 200 }
      #expect(isAnswered)
    }
  }

  @Test func hundredsOfSlowClientsKeepNobodyWaiting() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 10) { $0.headerSeconds = 20 }
      let slow = try (0..<150).map { number in
        let client = try fixture.client()
        try client.send(
          number % 2 == 0
            ? "GET /v1/stores HTTP/1.1\r\nHost: a\r\nX-"
            : "POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\n"
              + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        return client
      }
      let begun = Date()
      for _ in 0..<20 { #expect(try fixture.ask("GET", "/v1/stores/news").status == 200) }
      #expect(Date().timeIntervalSince(begun) < 15, "\(slow.count)")
    }
  }
}
