import CohortCore
import CohortServer
import CohortTesting
import Foundation
import Testing

struct ServingTests {
  @Test func aServerAnswersAtBothDoors() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 3)
      let local = try fixture.ask("GET", "/healthz")
      #expect(local.status == 200 && local.version == "HTTP/1.1" && local.headers["date"] != nil)
      let remote = try fixture.networkClient().ask("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
      #expect(remote.status == 200 && remote.object["status"] as? String == "alive")
    }
  }

  @Test func aVerbIsAnsweredWithItsRecord() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 3)
      let answer = try fixture.ask("GET", "/v1/stores/news")
      #expect(answer.status == 200 && answer.object["samples"] as? Int == 3, "\(answer.text)")
      #expect(answer.headers["cohort-sequence"] == "2")
    }
  }

  @Test func anUnknownStoreIsNotFoundAndSomethingSimilarIsOffered() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let answer = try fixture.ask("GET", "/v1/stores/mews")
      #expect(answer.status == 404 && answer.code == "server.unknown-store")
      #expect(answer.object["hint"] as? String == "Did you mean news?")
      #expect(answer.object["type"] as? String == "urn:cohort:error:server.unknown-store")
    }
  }
}
