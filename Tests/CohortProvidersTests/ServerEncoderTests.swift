import CohortCore
import CohortEmbedding
import CohortProviders
import Foundation
import HostileServers
import Synchronization
import Testing

/// Servers that behave: what is asked, what comes back, who they are.
@Suite struct ServerEncoderTests {
  static let texts = ["one", "", "two\n\"quoted\" \\ / \u{0}\u{1f600} e\u{301}", "three", "one"]

  @Test(arguments: ProviderKind.allCases)
  func vectorsAreTheServers(_ kind: ProviderKind) throws {
    let server = try LoopbackServer { request in
      request.method == "GET" ? .text("no", status: 404) : ServerTruth.reply(request)
    }
    defer { server.stop() }
    let configuration = ProviderConfiguration(kind: kind, url: server.url + "/", model: "m")
    let encoder = try ServerEncoder(connecting: configuration, key: nil)
    #expect(encoder.identity == EncoderIdentity(provider: kind.rawValue, model: "m", fingerprint: "m", dimension: 8))
    #expect(encoder.probe.vectors == EncoderProbe.texts.map(ServerTruth.vector))
    let outcomes = try encoder.encode(Self.texts)
    #expect(outcomes == Self.texts.map(ServerTruth.outcome))
    #expect(try encoder.encode([]).isEmpty)
    let path = [ProviderKind.openai: "/v1/embeddings", .tei: "/embed", .ollama: "/api/embed"][kind]
    #expect(server.requests.filter { $0.method == "POST" }.allSatisfy { $0.path == path })
    // The last text of a request is the witness; the empty one was never sent.
    #expect(server.requests.last?.texts.count == Self.texts.count)
  }

  @Test func requestsSayWhatWasConfigured() throws {
    let server = try LoopbackServer { ServerTruth.reply($0) }
    defer { server.stop() }
    var configuration = ProviderConfiguration(kind: .openai, url: server.url + "/api/v3", model: "big")
    configuration.dimensions = 8
    configuration.prefix = "clustering: "
    configuration.textLimit = 16
    configuration.key = .environment("K")
    let key = try APIKey.read(configuration.key, environment: { _ in "sk-1" })
    let encoder = try ServerEncoder(connecting: configuration, key: key)
    #expect(encoder.identity.fingerprint == "big;dimensions=8;text-limit=16;prefix=clustering: ")
    // 12 bytes of prefix, and 4 of text: the second character that would be cut goes as a whole.
    let outcomes = try encoder.encode(["abcdef", "ab\u{e9}\u{e9}", "a\u{1f600}"])
    let sent = ["clustering: abcd", "clustering: ab\u{e9}", "clustering: a"]
    #expect(outcomes == sent.map { .vector(ServerTruth.vector($0)) })
    let request = try #require(server.requests.last)
    #expect(request.path == "/api/v3/embeddings" && request.headers["authorization"] == "Bearer sk-1")
    #expect(request.texts.dropLast() == sent[...])
    #expect(request.field("dimensions") as? Int == 8 && request.field("model") as? String == "big")
    #expect(request.field("encoding_format") as? String == "base64")
  }

  @Test func requestsAreCutByTextsAndTokens() throws {
    let server = try LoopbackServer { ServerTruth.reply($0) }
    defer { server.stop() }
    var configuration = ProviderConfiguration(kind: .tei, url: server.url)
    configuration.texts = 4
    configuration.tokens = 10
    let options = { () -> ServerOptions in
      var options = ServerOptions(seed: 1)
      options.countTokens = { $0.split(separator: " ").count }
      return options
    }()
    let encoder = try ServerEncoder(connecting: configuration, key: nil, options: options)
    #expect(encoder.batching == EncoderBatching(texts: 3, bytes: 30, concurrency: 4))
    let long = Array(repeating: "w", count: 8).joined(separator: " ")
    let texts = ["a", "b", "c", "d", long, "e f g", "h"]
    #expect(try encoder.encode(texts) == texts.map(ServerTruth.outcome))
    let sizes = server.requests.suffix(3).map { $0.texts.count - 1 }
    #expect(sizes == [3, 2, 2])
  }

  @Test func revisionsAndLimitsAreTakenFromTheServer() throws {
    let tei = try LoopbackServer { request in
      guard request.path == "/info" else { return ServerTruth.reply(request) }
      return .json(["model_id": "BAAI/bge", "model_sha": "abc", "max_client_batch_size": 2, "max_input_length": 512])
    }
    defer { tei.stop() }
    let encoder = try ServerEncoder(connecting: .init(kind: .tei, url: tei.url + "/embed"), key: nil)
    #expect(encoder.identity.model == "BAAI/bge" && encoder.identity.fingerprint == "BAAI/bge@abc")
    #expect(encoder.batching.texts == 1 && encoder.information.textTokens == 512)
    #expect(try encoder.encode(["a", "b"]) == ["a", "b"].map(ServerTruth.outcome))
    #expect(tei.requests.allSatisfy { $0.texts.count <= 2 })

    let ollama = try LoopbackServer { request in
      guard request.path == "/api/tags" else { return ServerTruth.reply(request) }
      return .json(["models": [["name": "other", "digest": "1"], ["name": "nomic:latest", "digest": "2"]]])
    }
    defer { ollama.stop() }
    let other = try ServerEncoder(connecting: .init(kind: .ollama, url: ollama.url, model: "nomic"), key: nil)
    #expect(other.identity.fingerprint == "nomic@2")
  }

  @Test func serversWithoutBase64AreAskedForNumbers() throws {
    let server = try LoopbackServer { request in
      request.field("encoding_format") as? String == "base64"
        ? .text("unknown", status: 400) : ServerTruth.reply(request)
    }
    defer { server.stop() }
    var configuration = ProviderConfiguration(kind: .openai, url: server.url, model: "m")
    let encoder = try ServerEncoder(connecting: configuration, key: nil)
    #expect(try encoder.encode(["a"]) == [.vector(ServerTruth.vector("a"))])
    #expect(server.requests.count == 3)
    configuration.format = .base64
    #expect(throws: CohortError.self) { try ServerEncoder(connecting: configuration, key: nil) }
  }

  @Test func aServerOfOneTextAtATimeWorks() throws {
    let server = try LoopbackServer { request in
      request.texts.count > 1 ? .text("one", status: 413) : ServerTruth.reply(request)
    }
    defer { server.stop() }
    var configuration = ProviderConfiguration(kind: .openai, url: server.url, model: "m")
    configuration.texts = 1
    let encoder = try ServerEncoder(connecting: configuration, key: nil)
    #expect(encoder.batching.texts == 1)
    #expect(try encoder.encode(Self.texts) == Self.texts.map(ServerTruth.outcome))
  }

  @Test func noMoreRequestsAreUnderWayThanAllowed() throws {
    let under = Mutex((now: 0, most: 0))
    let server = try LoopbackServer { request in
      under.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
      usleep(5_000)
      under.withLock { $0.now -= 1 }
      return ServerTruth.reply(request)
    }
    defer { server.stop() }
    var configuration = ProviderConfiguration(kind: .openai, url: server.url, model: "m")
    configuration.concurrency = 2
    let encoder = try ServerEncoder(connecting: configuration, key: nil)
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 40) { index in
      let texts = ["text \(index)"]
      if (try? encoder.encode(texts)) != texts.map(ServerTruth.outcome) { wrong.withLock { $0 += 1 } }
    }
    #expect(wrong.withLock { $0 } == 0)
    #expect(under.withLock { $0.most } <= 2)
    #expect(encoder.requests == 41)
  }

  @Test func aProbeIsStoredAndRecognised() throws {
    let probe = EncoderProbe(vectors: EncoderProbe.texts.map(ServerTruth.vector))
    let bytes = probe.encoded()
    #expect(try EncoderProbe(decoding: bytes) == probe)
    for count in 0..<bytes.count {
      #expect(throws: (any Error).self) { try EncoderProbe(decoding: Array(bytes[..<count])) }
    }
    #expect(throws: (any Error).self) { try EncoderProbe(decoding: bytes + [0]) }

    let scale = Mutex(Float(1.01))
    let server = try LoopbackServer { request in
      let noise = scale.withLock { $0 }
      return ServerTruth.reply(
        request,
        vectors: request.texts.map {
          ServerTruth.vector($0).enumerated().map { $0.offset == 0 ? $0.element * noise : $0.element }
        })
    }
    defer { server.stop() }
    let configuration = ProviderConfiguration(kind: .openai, url: server.url, model: "m")
    let encoder = try ServerEncoder(connecting: configuration, key: nil, expecting: probe)
    #expect(encoder.probe.leastCosine(to: probe) >= 0.999)
    // The model is swapped behind the name: nothing of it gets through.
    scale.withLock { $0 = -1 }
    let during = #expect(throws: CohortError.self) { try encoder.encode(["a", "b"]) }
    #expect(during?.code.name == "embedding.model-changed")
    let after = #expect(throws: CohortError.self) {
      try ServerEncoder(connecting: configuration, key: nil, expecting: probe)
    }
    #expect(after?.code.name == "embedding.model-changed" && after?.category == .failure)
  }
}
