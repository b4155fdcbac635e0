import CohortCore
import CohortServer
import CohortStore
import CohortSystem
import CohortTesting
import Foundation
import Testing

/// Samples that come over real connections.
struct SampleRouteTests {
  private static let path = "/v1/stores/news/samples"

  private static func post(
    _ body: [UInt8], _ query: String = "", _ headers: String..., to fixture: ServerFixture
  ) throws -> RawAnswer {
    let lines = ["POST \(path)\(query) HTTP/1.1", "Host: localhost", "Content-Length: \(body.count)"] + headers
    let client = try fixture.client(seconds: 60)
    try client.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    return try client.answer()
  }

  @Test func recordsBecomeSamples() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let answer = try Self.post(
        Array((Lines.one("a") + "{broken\n" + Lines.one("b")).utf8), "?source=web&task=chat",
        "Content-Type: application/x-ndjson", to: fixture)
      #expect(answer.status == 200 && answer.headers["content-type"] == "application/json", "\(answer.text)")
      #expect(answer.object["inserted"] as? Int == 2 && answer.object["quarantined"] as? Int == 1)
      let rejected = answer.object["rejected"] as? [[String: Any]]
      #expect(rejected?.first?["line"] as? Int == 2 && rejected?.first?["reason"] as? String == "invalid-json")
      #expect(try fixture.host.store.described().map { $0.prefix(10) } == ["0 web chat", "1 web chat"])
      #expect(fixture.host.wakes == 1)
      let metrics = try fixture.ask("GET", "/metrics").text
      #expect(metrics.contains(#"cohort_ingested_records_total{store="news",door="http",result="inserted"} 2"#))
      #expect(metrics.contains(#"cohort_commit_seconds_count{store="news"} 1"#), "\(metrics)")
    }
  }

  /// In chunks, compressed, after being asked for it.
  @Test func aBodyMayComeInChunks() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let client = try fixture.client()
      try client.send(
        "POST \(Self.path) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
          + "Content-Encoding: zstd\r\nExpect: 100-continue\r\n\r\n")
      #expect(try client.answer().status == 100)
      let body = Lines.zstd(Array(Lines.many(500).utf8))
      for start in stride(from: 0, to: body.count, by: 1000) {
        let piece = Array(body[start..<min(start + 1000, body.count)])
        try client.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
      }
      try client.send("0\r\n\r\n")
      let answer = try client.answer()
      #expect(answer.status == 200 && answer.object["inserted"] as? Int == 500, "\(answer.text)")
    }
  }

  @Test func aLargeBodyIsReadInSlicesAndCanBreakOff() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let body = Array(Lines.many(60_000, bytes: 100).utf8)
      do {
        let client = try fixture.client()
        try client.send("POST \(Self.path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n\r\n")
        try client.send(Array(body.dropLast(1_000_000)))
      }
      // Nobody is there any more; what came is kept.
      let isKept = try isReached(within: 20) { try fixture.host.store.samples > 40_000 }
      #expect(isKept)
      let kept = try fixture.host.store.samples
      let answer = try Self.post(body, to: fixture)
      #expect(answer.status == 200 && answer.object["records"] as? Int == 60_000, "\(answer.text)")
      #expect(answer.object["duplicates"] as? Int ?? 0 >= kept)
      #expect(try fixture.host.store.samples == 60_000)
    }
  }

  @Test func aRequestIsCarriedOutOnce() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let body = Array(Lines.many(10).utf8)
      let first = try Self.post(body, "?dedupe=none", "Idempotency-Key: k", to: fixture)
      let second = try Self.post(body, "?dedupe=none", "Idempotency-Key: k", to: fixture)
      #expect(first.status == 200 && first.headers["idempotency-replayed"] == nil)
      #expect(second.status == 200 && second.headers["idempotency-replayed"] == "true" && second.body == first.body)
      #expect(try fixture.host.store.samples == 10)
      let other = try Self.post(body, "?dedupe=store", "Idempotency-Key: k", to: fixture)
      #expect(other.status == 422 && other.code == "server.idempotency", "\(other.text)")
      let twice = try Self.post(body, "", "Idempotency-Key: k", "Idempotency-Key: l", to: fixture)
      #expect(twice.status == 400)
    }
  }

  @Test func whatIsWrongIsAProblem() async throws {
    try await blocking {
      let fixture = try ServerFixture { $0.samples.bodyBytes = 1 << 20 }
      let line = Array(Lines.one("a").utf8)
      let unknown = try Self.post(line, "?tsak=x", to: fixture)
      #expect(
        unknown.status == 400 && unknown.code == "server.parameter" && unknown.object["place"] as? String == "tsak")
      let coding = try Self.post(line, "", "Content-Encoding: br", to: fixture)
      #expect(coding.status == 415 && coding.headers["accept-encoding"] == "gzip, zstd", "\(coding.text)")
      let unreadable = try Self.post(Array("nothing".utf8), to: fixture)
      #expect(unreadable.status == 422 && unreadable.code?.hasPrefix("ingestion.") == true, "\(unreadable.text)")
      let large = try fixture.client().ask(
        "POST \(Self.path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n")
      #expect(large.status == 413 && large.headers["connection"] == "close", "\(large.text)")
      let reader = try fixture.networkClient().ask(
        "POST \(Self.path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(ServerFixture.readToken)\r\n"
          + "Content-Length: 0\r\n\r\n")
      #expect(reader.status == 403, "\(reader.text)")
      #expect(try fixture.host.store.samples == 0)
    }
  }

  @Test func aJobStoresWhatWasSent() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let answer = try Self.post(Array(Lines.many(50).utf8), "", "Prefer: respond-async", to: fixture)
      #expect(answer.status == 202, "\(answer.text)")
      let place = try #require(answer.headers["location"])
      var job: [String: Any] = [:]
      let isDone = try isReached(within: 20) {
        job = try fixture.ask("GET", place).object
        return job["state"] as? String == "done"
      }
      #expect(isDone, "\(job)")
      let report = (job["report"] as? [String: Any])?["answer"] as? [String: Any]
      #expect(report?["inserted"] as? Int == 50, "\(job)")
    }
  }

  /// What was whole is stored before the end, and clients are told.
  @Test func stoppingAnswersThoseWhoWait() async throws {
    try await blocking {
      let fixture = try ServerFixture { $0.samples.smallBytes = 64 << 10 }
      let held = try HeldWriter(of: fixture.host.store)
      let status = Locked<Int?>(nil)
      let waiting = try WorkThread {
        let answer = try? Self.post(Array(Lines.many(10).utf8), to: fixture)
        status.withLock { $0 = answer?.status }
      }
      let client = try fixture.client()
      let body = Array(Lines.many(60_000).utf8)
      try client.send("POST \(Self.path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(2 * body.count)\r\n\r\n")
      try client.send(Array(body.prefix(200 << 10)))
      let areAtWork = try isReached(within: 120, every: 0.05) {
        let metrics = try fixture.ask("GET", "/metrics").text
        return metrics.contains(#"cohort_ingest_streams{store="news",state="read"} 1"#)
          && metrics.contains(#"cohort_ingest_bodies{store="news"} 1"#)
      }
      #expect(areAtWork)
      let stopping = try WorkThread { fixture.server.stop(within: 120) }
      Thread.sleep(forTimeInterval: 0.3)
      held.release()
      waiting.join()
      stopping.join()
      #expect(status.withLock { $0 } == 200)
      let answer = try client.answer()
      #expect(answer.status == 503 && answer.headers["retry-after"] != nil, "\(answer.text)")
    }
  }
}
