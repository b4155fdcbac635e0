import CohortServer
import CohortTesting
import Foundation
import Testing

/// What clients get that break the rules, by accident or on purpose: always an answer that says why, never a 500, and a
/// connection that ends.
struct HostileRequestTests {
  private static let head = "Host: localhost\r\n"

  @Test(
    arguments: [
      ("GET /healthz HTTP/1.1\r\n\r\n", 400, "server.malformed"),
      ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "server.malformed"),
      ("GARBAGE\r\n\r\n", 400, "server.malformed"),
      ("BREW /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "server.malformed"),
      ("GET /healthz HTTP/3.0\r\nHost: a\r\n\r\n", 505, "server.http-version"),
      ("GET /healthz HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", 400, "server.malformed"),
      ("GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400, "server.malformed"),
      ("POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, nil),
      ("POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, nil),
      (
        "POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400, nil
      ),
      ("POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400, nil),
      (
        "POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
          + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n", 400, "server.malformed"
      ),
      (
        "POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
          + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400, "server.malformed"
      ),
      ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nil, nil),
      ("\u{16}\u{3}\u{1}\0\u{1}\0\r\n", 400, nil),
    ] as [(String, Int?, String?)])
  func aRequestThatBreaksTheRulesIsToldSo(_ request: String, _ status: Int?, _ code: String?) async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let client = try fixture.client()
      try client.send(request)
      let answer = try client.answer()
      #expect(answer.status < 500 || answer.status == 505, "\(request)")
      if let status { #expect(answer.status == status, "\(request): \(answer)") }
      if let code { #expect(answer.code == code, "\(request): \(answer.text)") }
      #expect(answer.code != nil && answer.headers["connection"] == "close", "\(request): \(answer)")
      #expect(try client.isClosed(), "\(request)")
      #expect(try fixture.ask("GET", "/healthz").status == 200)
    }
  }

  @Test(arguments: [
    ("/v1/stores/../../etc/passwd", 400), ("/v1/stores/%2e%2e/news", 400), ("/v1/stores/%2E./news", 400),
    ("/v1/./stores", 400), ("//v1/stores", 404), ("/v1//stores", 404), ("/v1/stores/", 404), ("/v1/stores/news/", 404),
    ("/v1/stores/news%2fsamples", 404), ("/v1/stores/news%00", 400), ("/v1/stores/%ff", 400),
    ("/v1/stores/%c0%ae", 400),
    ("/v1/stores/%ed%a0%80", 400), ("/v1/stores/%zz", 400), ("/v1/stores/%4", 400), ("/v1/stores/news%0d%0aX:1", 400),
    ("/v1/stores/n\\ews", 400), ("/v1/stores/news?%ff=1", 400), ("/v1/stores/news?=1", 400),
    ("/V1/stores", 404), ("/v1/stores/news/samples/1/2", 404), ("http://other/v1/stores/none", 404),
    ("ftp://localhost/v1", 400), ("/" + String(repeating: "a", count: 9000), 414),
    ("/" + String(repeating: "a", count: 40_000), 414), ("/" + String(repeating: "a/", count: 2000), 404),
    ("/v1/stores?" + String(repeating: "a=1&", count: 300), 400), ("/v1/stores/news#x", 400), ("/%", 400),
  ])
  func aPathIsNeverReadInTwoWays(_ path: String, _ status: Int) async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let answer = try fixture.ask("GET", path)
      #expect(answer.status == status && answer.code != nil, "\(path.prefix(80)): \(answer)")
    }
  }

  @Test func bytesThatAreNotASCIIInAnAddressAreRefused() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let client = try fixture.client()
      try client.send(Array("GET /v1/stores/".utf8) + [0xff, 0xfe] + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      #expect(try client.answer().status == 400)
    }
  }

  @Test func headersBeyondTheLimitAreRefusedWithoutBeingKept() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let client = try fixture.client()
      let large = "X-Large: \(String(repeating: "a", count: 20_000))\r\n"
      #expect(try client.ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\(large)\r\n").status == 431)
      let many = (0..<200).map { "X-\($0): 1\r\n" }.joined()
      #expect(try fixture.client().ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\(many)\r\n").status == 431)
    }
  }

  @Test func aBodyBeyondTheLimitIsRefusedBeforeItIsRead() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let client = try fixture.client()
      let head = "POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
      let answer = try client.ask(head + "Content-Length: 9999999999\r\n\r\n")
      #expect(answer.status == 413 && answer.code == "server.too-large" && answer.headers["connection"] == "close")
      #expect(try client.isClosed())
      // The same when its length comes to light only while it is read.
      let other = try fixture.client()
      try other.send(head + "Transfer-Encoding: chunked\r\n\r\n")
      let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
      for _ in 0..<40 { try? other.send(chunk) }
      #expect(try other.answer().status == 413)
    }
  }

  @Test func aBodyThatBreaksOffIsNeverTakenForAWholeOne() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 3)
      let head =
        "POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
      for body in [
        "Content-Length: 100\r\n\r\n{\"sql\":\"SELECT 1\"}",
        "Transfer-Encoding: chunked\r\n\r\n12\r\n{\"sql\":\"SELECT 1\"}\r\n",
      ] {
        let client = try fixture.client()
        try client.send(head + body)
        client.finish()
        let answer = try client.answer()
        #expect(answer.status == 400 && answer.code == "server.truncated-body", "\(answer)")
        #expect(try client.isClosed())
      }
    }
  }

  @Test(arguments: ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "application/jsonx"])
  func aBodyThatIsNotSaidToBeJSONIsRefused(_ type: String) async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let answer = try fixture.ask("POST", "/v1/stores/news/sql", body: "{}", "Content-Type: \(type)")
      #expect(answer.status == 415 && answer.code == "server.media-type")
    }
  }

  @Test(arguments: [
    "", "{", "[]", "1", "{\"sql\":1}", "{\"sqll\":\"SELECT 1\"}", "nul", "{\"sql\":\"a\",\"sql\":\"b\"}",
  ])
  func aBodyThatMakesNoSenseIsToldSo(_ body: String) async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let answer = try fixture.ask("POST", "/v1/stores/news/sql", body: body)
      #expect([400, 422].contains(answer.status) && answer.code?.hasPrefix("cli.") == true, "\(body): \(answer.text)")
    }
  }

  @Test func aMethodThatAPathHasNotIsToldWhichItHas() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      for method in ["PUT", "PATCH", "TRACE", "DELETE"] {
        let answer = try fixture.ask(method, "/v1/stores/news")
        #expect(answer.status == 405 && answer.headers["allow"] == "GET, HEAD, OPTIONS", "\(method): \(answer)")
      }
      let options = try fixture.ask("OPTIONS", "/v1/stores/news/plans")
      #expect(options.status == 204 && options.headers["allow"] == "GET, HEAD, OPTIONS, POST")
      #expect(options.headers["access-control-allow-origin"] == nil && options.headers["content-length"] == nil)
      #expect(try fixture.ask("OPTIONS", "*").status == 204)
    }
  }

  @Test func anExpectationThatNobodyKnowsIsRefused() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      #expect(try fixture.ask("GET", "/v1/stores", "Expect: miracles").status == 417)
    }
  }

  @Test func randomBytesEndNothingButTheirConnection() async throws {
    try await blocking {
      let seed = Torture.seed
      var random = TestRandom(seed: seed)
      let fixture = try ServerFixture()
      let valid = Array("POST /v1/stores/news/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}".utf8)
      for _ in 0..<Torture.cases(150, tortured: 5000) {
        var bytes = valid
        for _ in 0..<(1 + random.below(6)) {
          bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
        }
        let client = try fixture.client(seconds: 5)
        try? client.send(bytes)
        client.finish()
        if let answer = try? client.head() {
          #expect(answer.status < 500 || answer.status == 505, "seed \(seed): \(answer)")
        }
      }
      #expect(try fixture.ask("GET", "/healthz").status == 200)
    }
  }
}
