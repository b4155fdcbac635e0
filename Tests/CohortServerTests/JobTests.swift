import CohortServer
import CohortTesting
import Foundation
import Testing

/// Work that goes on after its request was answered.
struct JobTests {
  private static let base = "/v1/stores/news"

  private func start(_ fixture: ServerFixture, _ body: String) throws -> RawAnswer {
    try fixture.ask("POST", Self.base + "/work", body: body, "Prefer: wait=1, respond-async")
  }

  private func wait(_ fixture: ServerFixture, _ path: String) throws -> [String: Any] {
    var job: [String: Any] = [:]
    _ = try isReached(every: 0.02) {
      job = try fixture.ask("GET", path).object
      return ["done", "failed", "cancelled"].contains(job["state"] as? String)
    }
    return job
  }

  @Test func aJobTellsHowFarItIsAndWhatBecameOfIt() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let accepted = try start(fixture, #"{"milliseconds":300}"#)
      #expect(accepted.status == 202 && accepted.headers["preference-applied"] == "respond-async")
      let path = try #require(accepted.headers["location"])
      #expect(
        try isReached {
          let job = try fixture.ask("GET", path).object
          let progress = job["progress"] as? [String: Any]
          return progress?["total"] as? Int == 300 && progress?["rate"] != nil && progress?["eta_seconds"] != nil
        })
      let done = try wait(fixture, path)
      #expect(done["state"] as? String == "done" && (done["report"] as? [String: Any])?["steps"] as? Int == 300)
      #expect(fixture.host.wakes == 1)
      #expect(try fixture.ask("GET", Self.base + "/jobs").rows.count == 1)
    }
  }

  @Test func aJobThatIsCancelledEnds() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let path = try #require(try start(fixture, #"{"milliseconds":100000}"#).headers["location"])
      #expect(try fixture.ask("DELETE", path).status == 200)
      #expect(try wait(fixture, path)["state"] as? String == "cancelled")
      let failed = try #require(try start(fixture, #"{"milliseconds":1,"failing":true}"#).headers["location"])
      let job = try wait(fixture, failed)
      #expect((job["problem"] as? [String: Any])?["code"] as? String == "embedding.server-unreachable")
      #expect(try fixture.ask("GET", Self.base + "/jobs/7").code == "server.unknown-job")
      #expect(try fixture.ask("DELETE", Self.base + "/jobs/x-1").status == 404)
    }
  }

  @Test func tooManyJobsAreRefusedAndOldOnesForgotten() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all) {
        $0.unfinishedJobs = 2
        $0.finishedJobs = 3
      }
      let paths = try (0..<2).map { _ in
        try #require(try start(fixture, #"{"milliseconds":100000}"#).headers["location"])
      }
      let refused = try start(fixture, #"{"milliseconds":1}"#)
      #expect(refused.status == 503 && refused.code == "server.busy")
      for path in paths {
        _ = try fixture.ask("DELETE", path)
        _ = try wait(fixture, path)
      }
      for _ in 0..<6 {
        _ = try wait(fixture, try #require(try start(fixture, #"{"milliseconds":1}"#).headers["location"]))
      }
      #expect(try fixture.ask("GET", Self.base + "/jobs").rows.count == 3)
      #expect(try fixture.ask("GET", paths[0]).status == 404)
    }
  }

  @Test func argumentsOfAJobAreCheckedBeforeItIsAccepted() async throws {
    try await blocking {
      let fixture = try ServerFixture(verbs: TestVerbs.all)
      let answer = try start(fixture, #"{"millisecond":1}"#)
      #expect(answer.status == 422 && answer.code == "cli.argument", "\(answer)")
    }
  }
}
