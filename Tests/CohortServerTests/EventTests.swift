import CohortServer
import CohortTesting
import Foundation
import Testing

/// The log as a stream of events.
struct EventTests {
  private func follow(_ fixture: ServerFixture, _ query: String = "", _ headers: String = "") throws -> RawClient {
    let client = try fixture.client(seconds: 10)
    try client.send("GET /v1/stores/news/events\(query) HTTP/1.1\r\nHost: a\r\n\(headers)\r\n")
    let head = try #require(try client.head())
    #expect(head.status == 200 && head.headers["content-type"] == "text/event-stream")
    return client
  }

  /// The numbers of the next events.
  private func events(_ client: RawClient, _ count: Int) throws -> [Int] {
    var numbers: [Int] = []
    var id: Int?
    while numbers.count < count, let line = try client.nextLine() {
      if line.hasPrefix("id: ") { id = Int(line.dropFirst(4)) }
      if line.hasPrefix("data: ") {
        numbers += [id ?? -1]
        let object = try #require(
          try JSONSerialization.jsonObject(with: Data(line.dropFirst(6).utf8)) as? [String: Any])
        #expect(object["sequence"] as? Int == numbers.last && object["kind"] != nil && object["details"] != nil)
      }
    }
    return numbers
  }

  @Test func eachEntryComesAsItCommits() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 1)
      let client = try follow(fixture)
      for number in 0..<3 {
        try fixture.host.add(1, source: "s\(number)")
        #expect(try events(client, 1) == [3 + number])
      }
    }
  }

  @Test func aClientThatComesBackMissesNothing() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 1)
      for number in 0..<600 { try fixture.host.add(1, source: "s\(number)") }
      #expect(try events(try follow(fixture, "?since=0"), 602) == Array(1...602))
      #expect(try events(try follow(fixture, "?since=0", "Last-Event-ID: 600\r\n"), 2) == [601, 602])
      #expect(try fixture.ask("GET", "/v1/stores/news/events?since=x").status == 422)
      #expect(try fixture.ask("GET", "/v1/stores/news/events?kind=x").status == 422)
      #expect(try fixture.ask("GET", "/v1/stores/news/events?sinc=1").status == 400)
    }
  }

  @Test func aQuietStreamGivesSignsOfLife() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 1) { $0.heartbeatSeconds = 0.2 }
      let client = try follow(fixture)
      var signs = 0
      while signs < 3, let line = try client.nextLine() { signs += line == ":" ? 1 : 0 }
      #expect(signs == 3)
    }
  }

  @Test func placesAreFreeAgainWhenClientsLeave() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 1) {
        $0.eventStreams = 2
        $0.heartbeatSeconds = 0.2
      }
      let clients = try (0..<2).map { _ in try follow(fixture) }
      let refused = try fixture.ask("GET", "/v1/stores/news/events")
      #expect(refused.status == 503 && refused.code == "server.busy")
      for client in clients { client.finish() }
      #expect(
        try isReached {
          let client = try fixture.client()
          try client.send("GET /v1/stores/news/events HTTP/1.1\r\nHost: a\r\n\r\n")
          return try client.head()?.status == 200
        })
    }
  }
}
