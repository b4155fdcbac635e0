import CohortCore
import CohortEmbedding
import CohortProviders
import CohortTesting
import Foundation
import HostileServers
import Synchronization
import Testing

/// Servers that fail: which failures are tried again, which end the work, and what an error gives away.
@Suite struct ServerFailureTests {
  /// A server that answers connecting as it should, and what comes after with `then`.
  static func server(
    _ then: @escaping @Sendable (ReceivedRequest, Int) -> Reply
  ) throws -> LoopbackServer {
    let count = Mutex(0)
    return try LoopbackServer { request in
      let number = count.withLock { count in
        count += 1
        return count
      }
      return number == 1 ? ServerTruth.reply(request) : then(request, number - 1)
    }
  }

  static func connect(_ server: LoopbackServer, _ clock: FakeClock = FakeClock()) throws -> ServerEncoder {
    try ServerEncoder(
      connecting: ProviderConfiguration(kind: .openai, url: server.url, model: "m"), key: nil, options: clock.options())
  }

  @Test(arguments: [("3", 3.0), ("0", 0), ("Thu, 01 Jan 1970 00:00:09 GMT", 9), ("Sun, 06 Nov 1960 08:49:37 GMT", 0)])
  func retryAfterIsHeard(_ header: String, _ seconds: Double) throws {
    let server = try Self.server { request, number in
      number == 1 ? .text("", status: 429, headers: ["Retry-After": header]) : ServerTruth.reply(request)
    }
    defer { server.stop() }
    let clock = FakeClock()
    let encoder = try Self.connect(server, clock)
    #expect(try encoder.encode(["a"]) == [.vector(ServerTruth.vector("a"))])
    // What the server asks for, or else at least half of the first back-off and no more than all of it.
    #expect(clock.now >= max(seconds, 0.25) - 1e-9 && clock.now <= max(seconds, 0.5) + 1e-9, "\(clock.now)")
  }

  @Test func dateOfRetryAfterIsExact() throws {
    // `date -u -d '2026-02-28 23:59:59' +%s`
    let server = try Self.server { request, number in
      number == 1
        ? .text("", status: 503, headers: ["Retry-After": "Sat, 28 Feb 2026 23:59:59 GMT"]) : ServerTruth.reply(request)
    }
    defer { server.stop() }
    let clock = FakeClock()
    clock.advance(1_772_323_199 - 100)
    let start = clock.now
    #expect(try Self.connect(server, clock).encode(["a"]) == [.vector(ServerTruth.vector("a"))])
    #expect(abs(clock.now - start - 100) < 1e-3)
  }

  @Test func waitsGrowAndEnd() throws {
    let server = try Self.server { _, _ in .text("busy", status: 503) }
    defer { server.stop() }
    let clock = FakeClock()
    let encoder = try Self.connect(server, clock)
    let error = #expect(throws: CohortError.self) { try encoder.encode(["a", "b"]) }
    #expect(error?.code.name == "embedding.server-busy" && error?.category == .temporary)
    #expect(clock.now <= 300 && clock.now > 200)
    // 0.5, 1, 2, 4, 8, 16, 30, 30, ... each between its half and its whole.
    #expect((13...26).contains(encoder.requests), "\(encoder.requests)")
  }

  @Test(arguments: [
    ("86400", "86400 s"), ("99999999999999999999", "604800 s"), (String(repeating: "9", count: 400), "604800 s"),
    ("Fri, 31 Dec 9999 23:59:59 GMT", "604800 s"),
  ])
  func aLongWaitIsSaidAtOnce(asked: String, said: String) throws {
    let server = try Self.server { _, _ in .text("", status: 429, headers: ["Retry-After": asked]) }
    defer { server.stop() }
    let clock = FakeClock()
    let encoder = try Self.connect(server, clock)
    let error = #expect(throws: CohortError.self) { try encoder.encode(["a"]) }
    #expect(error?.code.name == "embedding.server-busy" && error?.hint?.contains(said) == true)
    #expect(clock.now == 0 && encoder.requests == 2)
  }

  @Test(arguments: [
    (401, "embedding.unauthorized", ErrorCategory.failure), (403, "embedding.unauthorized", .failure),
    (404, "embedding.not-served", .notFound), (402, "embedding.no-credit", .failure),
    (302, "embedding.redirected", .failure), (308, "embedding.redirected", .failure),
  ])
  func whatCannotGetBetterEndsAtOnce(_ status: Int, _ code: String, _ category: ErrorCategory) throws {
    let other = try LoopbackServer { ServerTruth.reply($0) }
    let server = try Self.server { _, _ in
      .text("no", status: status, headers: ["Location": other.url + "/v1/embeddings"])
    }
    defer { server.stop(); other.stop() }
    let encoder = try Self.connect(server)
    let error = #expect(throws: CohortError.self) { try encoder.encode(["a", "b"]) }
    #expect(error?.code.name == code && error?.category == category)
    #expect(encoder.requests == 2 && other.requests.isEmpty)
  }

  /// JSON knows no bounds of numbers: what no single float holds is not finite, and no reason to ask again.
  @Test(arguments: ["1e39", "-3.5e+38", "1e400", "null", "NaN"], [ProviderKind.openai, .tei, .ollama])
  func numbersBeyondAFloatAreNotFinite(_ number: String, _ kind: ProviderKind) throws {
    let isBad = Mutex(true)
    let server = try LoopbackServer { request in
      guard request.method == "POST" else { return .text("no", status: 404) }
      let vectors = request.texts.map { text in
        let isLarge = isBad.withLock { $0 } || text.hasPrefix("large")
        return isLarge ? "[0.5,\(number),1]" : "[0.5,\(text.utf8.count),1]"
      }
      let body =
        switch kind {
        case .openai: #"{"data":["# + vectors.map { #"{"embedding":\#($0)}"# }.joined(separator: ",") + "]}"
        case .tei: "[\(vectors.joined(separator: ","))]"
        case .ollama: #"{"embeddings":[\#(vectors.joined(separator: ","))]}"#
        }
      return .answer(200, ["Content-Type": "application/json"], Data(body.utf8))
    }
    defer { server.stop() }
    let configuration = ProviderConfiguration(kind: kind, url: server.url, model: "m")
    let clock = FakeClock()
    let error = #expect(throws: CohortError.self) {
      try ServerEncoder(connecting: configuration, key: nil, options: clock.options())
    }
    #expect(error?.category == .failure)
    #expect(error?.cause?.contains("no finite numbers") == true, "\(String(describing: error))")
    #expect(clock.now == 0)
    isBad.withLock { $0 = false }
    let encoder = try ServerEncoder(connecting: configuration, key: nil, options: clock.options())
    let outcomes = try encoder.encode(["a", "large", "bc"])
    #expect(outcomes[0] == .vector([0.5, 1, 1]) && outcomes[2] == .vector([0.5, 2, 1]), "\(outcomes)")
    guard case .refused(let reason) = outcomes[1] else {
      Issue.record("\(outcomes)")
      return
    }
    #expect(reason.contains("no finite numbers"), "\(reason)")
  }

  @Test func aServerThatIsGoneIsUnreachable() throws {
    let server = try Self.server { request, _ in ServerTruth.reply(request) }
    let encoder = try Self.connect(server)
    server.stop()
    let error = #expect(throws: CohortError.self) { try encoder.encode(["a"]) }
    #expect(error?.code.name == "embedding.server-unreachable" && error?.category == .unreachable)
  }

  @Test func aServerThatRejectsEverythingSaysNothingAboutTexts() throws {
    for status in [400, 413, 422, 500] {
      let server = try Self.server { _, _ in .text("never", status: status) }
      defer { server.stop() }
      let error = #expect(throws: CohortError.self) { try Self.connect(server).encode(["a", "b", "c"]) }
      #expect(error?.code.name == (status == 500 ? "embedding.server-failed" : "embedding.server-rejects"))
    }
  }

  @Test func anAnswerWithoutEndIsNotRead() throws {
    let server = try Self.server { request, _ in
      request.texts.contains("long") ? .text(String(repeating: " ", count: 3 << 20)) : ServerTruth.reply(request)
    }
    defer { server.stop() }
    let outcomes = try Self.connect(server).encode(["a", "long", "b"])
    #expect(zip(outcomes, ["a", "reject it", "b"]).allSatisfy(ServerTruth.matches))
  }

  @Test func allFailOnTheirOwn() throws {
    let texts = ["a", "reject 1", "b", "nan 1", "zero 1", "crash 1", "short 1", "hangup 1", "c"]
    let hostile = HostileServer(.init(seed: 1, faults: 0))
    let server = try hostile.start()
    defer { server.stop() }
    let clock = FakeClock()
    let encoder = try Self.connect(server, clock)
    let outcomes = try encoder.encode(texts)
    for (outcome, text) in zip(outcomes, texts) { #expect(ServerTruth.matches(outcome, text), "\(text): \(outcome)") }
    if case .refused(let reason) = outcomes[1] { #expect(reason.contains("HTTP 400") && reason.contains("bad input")) }
    if case .refused(let reason) = outcomes[6] { #expect(reason.contains("7 values")) }
  }

  @Test func waitingCanBeInterrupted() throws {
    let server = try Self.server { _, _ in .drip(Data("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n".utf8)) }
    defer { server.stop() }
    let stop = Atomic<Bool>(false)
    var options = ServerOptions(seed: 1)
    options.shouldStop = { stop.load(ordering: .relaxed) }
    let encoder = try ServerEncoder(
      connecting: ProviderConfiguration(kind: .openai, url: server.url, model: "m"), key: nil, options: options)
    Thread.detachNewThread {
      _ = isReached { server.requests.count >= 2 }
      stop.store(true, ordering: .relaxed)
    }
    let error = #expect(throws: CohortError.self) { try encoder.encode(["a"]) }
    #expect(error?.code.name == "embedding.interrupted" && error?.category == .interrupted)
  }

  @Test func noErrorTellsTheKey() throws {
    let secret = "sk-very-secret-0123456789"
    for status in [200, 302, 400, 401, 402, 403, 404, 413, 418, 429, 500, 503] {
      let server = try LoopbackServer { request in
        // The worst server: it repeats the key wherever it can.
        let header = request.headers["authorization"] ?? ""
        return .text(
          #"{"error":{"message":"Incorrect API key: \#(header)"}}"#, status: status,
          headers: ["Location": "http://other.invalid/\(secret)", "Content-Type": secret])
      }
      defer { server.stop() }
      let key = try APIKey.read(.environment("K"), environment: { _ in secret })
      let configuration = ProviderConfiguration(kind: .openai, url: server.url, model: "m")
      let error = #expect(throws: CohortError.self) {
        try ServerEncoder(connecting: configuration, key: key, options: FakeClock().options())
      }
      #expect(server.requests.first?.headers["authorization"] == "Bearer \(secret)")
      var dumped = ""
      dump(error, to: &dumped)
      #expect(!dumped.contains(secret) && !"\(configuration)".contains(secret), "status \(status)")
      #expect(dumped.contains("(key)") || status == 302, "status \(status): \(dumped)")
    }
  }
}
