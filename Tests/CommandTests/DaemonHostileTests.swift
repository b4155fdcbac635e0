import CohortSystem
import CohortTesting
import Foundation
import Testing

private let authorized = "Authorization: Bearer \(DoorProcess.writing)"
private let sql = #"{"sql":"SELECT 1"}"#

/// What no well-behaved client sends, said to the real daemon: each gets a refusal or the end of its connection, costs a
/// descriptor at most while it lasts, and nobody else notices.
@Suite(.serialized) struct DaemonHostileTests {
  /// Something said to the daemon, and what may come of it.
  struct Attack: CustomTestStringConvertible {
    let testDescription: String
    let bytes: @Sendable (DoorProcess) -> [UInt8]
    /// Statuses of the first answer; 0: the connection ends without one.
    let right: Set<Int>
    /// Whether nothing more may be understood on this connection.
    var ends = false
    /// What is done after the bytes were sent.
    var then: Then = .listens

    enum Then { case listens, halfCloses, hangsUp, resets }

    init(
      _ name: String, _ right: Set<Int>, ends: Bool = false, then: Then = .listens,
      _ bytes: @escaping @Sendable (DoorProcess) -> [UInt8]
    ) {
      (testDescription, self.right, self.ends, self.then, self.bytes) = (name, right, ends, then, bytes)
    }

    /// A request of lines, which ends in an empty one; `HOST` stands for the right host.
    init(_ name: String, _ right: Set<Int>, ends: Bool = false, then: Then = .listens, lines: String...) {
      self.init(name, right, ends: ends, then: then) { door in
        let text = lines.map { $0 + "\r\n" }.joined() + "\r\n"
        return Array(text.replacing("HOST", with: "127.0.0.1:\(door.port)").utf8)
      }
    }
  }

  /// One row of the table that is printed in the end.
  private struct Row {
    let name: String
    let got: String
    let milliseconds: Int
    let isRight: Bool
  }

  private static func prepared(_ program: Program) throws -> DoorProcess {
    try PipelineTests.prepared(program)
    return try DoorProcess(program)
  }

  /// Attacks in turn on one daemon. After each, another client is answered at once, and the descriptors are back.
  /// - Parameter memory: MiB of the daemon's own that nothing may make it exceed.
  private static func check(
    _ attacks: [Attack], title: String, memory: Double = 500, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try withProgram { program in
      let door = try prepared(program)
      for _ in 0..<5 { _ = try door.ask("GET", "/healthz", token: nil) }
      let descriptors = door.descriptors
      var rows: [Row] = []
      for attack in attacks {
        let connection = try RawConnection(port: door.port)
        connection.send(attack.bytes(door))
        var got = "left"
        var isRight = true
        switch attack.then {
        case .hangsUp: connection.hangUp()
        case .resets: connection.reset()
        case .listens, .halfCloses:
          if attack.then == .halfCloses { connection.halfClose() }
          let answer = connection.answer(seconds: 20)
          got = answer.map { "\($0.status)" } ?? (connection.isEnded ? "closed" : "silence")
          isRight = answer != nil || connection.isEnded
          isRight = isRight && attack.right.contains(answer?.status ?? 0)
          if attack.ends, answer != nil {
            connection.listen(seconds: 5)
            // A second answer would be one to bytes that were not meant as a request.
            got += connection.isEnded ? ", closed" : ", open"
            if !connection.received.isEmpty { got += ", and more" }
            isRight = isRight && connection.isEnded && connection.received.isEmpty
          }
          if let answer, answer.status >= 400, !answer.body.isEmpty {
            let type = answer.headers["content-type"] ?? ""
            if !type.hasPrefix("application/problem+json") { got += " (\(type))" }
          }
        }
        connection.hangUp()
        let (milliseconds, isWell) = try wellness(door, descriptors)
        let used = door.memory ?? 0
        #expect(used < memory, "after \(attack.testDescription)", sourceLocation: sourceLocation)
        rows.append(Row(name: attack.testDescription, got: got, milliseconds: milliseconds, isRight: isRight && isWell))
        #expect(
          isRight, "\(attack.testDescription): \(got), not \(attack.right.sorted())", sourceLocation: sourceLocation)
        #expect(isWell, "after \(attack.testDescription)", sourceLocation: sourceLocation)
      }
      report(title, rows)
      #expect(door.daemon.end() == 0, "\(door.daemon.log.suffix(2000))", sourceLocation: sourceLocation)
    }
  }

  /// Whether the daemon answers another client at once, and holds no more descriptors than before.
  private static func wellness(
    _ door: DoorProcess, _ descriptors: (all: Int, sockets: Int)?
  ) throws -> (milliseconds: Int, isWell: Bool) {
    let begun = Date()
    let answer = try door.ask("GET", "/healthz", token: nil, seconds: 10)
    let milliseconds = Int(Date().timeIntervalSince(begun) * 1000)
    let isBack = door.isBack(to: descriptors)
    return (milliseconds, answer.status == 200 && milliseconds < 2_000 && isBack && door.daemon.process.isRunning)
  }

  private static func report(_ title: String, _ rows: [Row]) {
    let width = rows.map(\.name.count).max() ?? 0
    let lines = rows.map { row in
      let name = row.name.padding(toLength: width, withPad: " ", startingAt: 0)
      let got = row.got.padding(toLength: max(16, row.got.count), withPad: " ", startingAt: 0)
      return "  \(name)  \(got)  healthz after \(row.milliseconds) ms\(row.isRight ? "" : "  WRONG")"
    }
    print("\(title)\n" + lines.joined(separator: "\n"))
  }

  // MARK: What is not HTTP

  @Test func bytesThatAreNoRequestEndTheirConnection() throws {
    let long = String(repeating: "a", count: 20_000)
    try Self.check(
      [
        Attack("garbage", [0, 400], ends: true) { _ in (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) } },
        Attack("zero bytes", [0, 400], ends: true) { _ in [UInt8](repeating: 0, count: 4_096) },
        Attack("TLS ClientHello", [0, 400], ends: true) { _ in
          [0x16, 3, 1, 0, 0x2f, 1, 0, 0, 0x2b, 3, 3] + [UInt8](repeating: 0x5a, count: 41)
        },
        Attack("HTTP/0.9", [0, 400, 505], ends: true, lines: "GET /healthz"),
        Attack("the preface of HTTP/2", [0, 400, 405, 505], ends: true, lines: "PRI * HTTP/2.0", "", "SM"),
        Attack("HTTP/9.9", [0, 400, 505], ends: true, lines: "GET /healthz HTTP/9.9", "Host: HOST"),
        Attack(
          "a method of small letters", [0, 400, 405, 501], ends: true, lines: "get /healthz HTTP/1.1", "Host: HOST"),
        Attack("a method nobody knows", [0, 400, 405, 501], lines: "BREW /healthz HTTP/1.1", "Host: HOST"),
        Attack("a request line of 20 kB", [400, 414, 431], ends: true, lines: "GET /\(long) HTTP/1.1", "Host: HOST"),
        Attack(
          "a header of 20 kB", [400, 431], ends: true, lines: "GET /healthz HTTP/1.1", "Host: HOST", "X-Long: \(long)"),
        Attack("5,000 headers", [400, 431], ends: true) { door in
          let headers = (0..<5_000).map { "X-\($0): \($0)\r\n" }.joined()
          return Array("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:\(door.port)\r\n\(headers)\r\n".utf8)
        },
        Attack("a header without an end", [0, 400, 431], ends: true) { door in
          Array("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:\(door.port)\r\nX: ".utf8)
            + [UInt8](repeating: 65, count: 1 << 20)
        },
        Attack(
          "a space before the colon", [0, 400], ends: true, lines: "GET /healthz HTTP/1.1", "Host: HOST",
          "Content-Length : 0"),
        Attack("NUL in a header", [0, 400], ends: true) { door in
          Array("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:\(door.port)\r\nX: a\0b\r\n\r\n".utf8)
        },
        Attack(
          "a header without a colon", [0, 400], ends: true, lines: "GET /healthz HTTP/1.1", "Host: HOST", "nonsense"),
      ], title: "What is no request")
  }

  // MARK: Bodies

  private static func post(_ name: String, _ right: Set<Int>, _ headers: [String], _ body: String) -> Attack {
    Attack(name, right, ends: true) { door in
      let head = [
        "POST \(door.base)/sql HTTP/1.1", "Host: 127.0.0.1:\(door.port)", authorized, "Content-Type: application/json",
      ]
      return Array(((head + headers).map { $0 + "\r\n" }.joined() + "\r\n" + body).utf8)
    }
  }

  @Test func bodiesOfUncertainLengthAreNotRead() throws {
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    let chunk = "\(String(sql.utf8.count, radix: 16))\r\n\(sql)\r\n0\r\n\r\n"
    try Self.check(
      [
        Self.post(
          "length and chunks", [0, 400], ["Content-Length: 5", "Transfer-Encoding: chunked"], chunk + smuggled),
        Self.post(
          "chunks and length", [0, 400], ["Transfer-Encoding: chunked", "Content-Length: 5"], chunk + smuggled),
        Self.post("two lengths", [0, 400], ["Content-Length: 18", "Content-Length: 5"], sql + smuggled),
        Self.post("two lengths in one", [0, 400], ["Content-Length: 18, 5"], sql + smuggled),
        Self.post("a length below zero", [0, 400], ["Content-Length: -1"], sql),
        Self.post("a length with a sign", [0, 400], ["Content-Length: +18"], sql),
        Self.post("a length in words", [0, 400], ["Content-Length: many"], sql),
        Self.post("a length of 20 digits", [0, 400, 413], ["Content-Length: 99999999999999999999"], sql),
        Self.post("an unknown coding", [0, 400, 501], ["Transfer-Encoding: xchunked"], chunk + smuggled),
        Self.post(
          "chunks that are not last", [0, 400, 501], ["Transfer-Encoding: chunked, identity"], chunk + smuggled),
        Self.post("a chunk size in words", [0, 400], ["Transfer-Encoding: chunked"], "zz\r\n\(sql)\r\n0\r\n\r\n"),
        Self.post(
          "a chunk size below zero", [0, 400], ["Transfer-Encoding: chunked"], "-12\r\n\(sql)\r\n0\r\n\r\n"),
        Self.post(
          "a chunk size beyond 64 bits", [0, 400, 413], ["Transfer-Encoding: chunked"],
          "fffffffffffffffff\r\n\(sql)\r\n0\r\n\r\n"),
        Self.post(
          "a chunk size of 64 bits", [0, 400, 413], ["Transfer-Encoding: chunked"],
          "ffffffffffffffff\r\n" + String(repeating: " ", count: 2 << 20)),
        Self.post(
          "a chunk longer than its size", [0, 400], ["Transfer-Encoding: chunked"], "3\r\n\(sql)\r\n0\r\n\r\n"),
        Attack("a chunk extension of 100 kB", [200, 400, 413, 431]) { door in
          let extended = chunk.replacing("\r\n\(sql)", with: ";\(String(repeating: "x", count: 100_000))\r\n\(sql)")
          let head = "POST \(door.base)/sql HTTP/1.1\r\nHost: 127.0.0.1:\(door.port)\r\n\(authorized)\r\n"
          return Array("\(head)Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\(extended)".utf8)
        },
      ], title: "Bodies of uncertain length")
  }

  @Test func bodiesThatAreTooMuchAreRefused() throws {
    let large = String(repeating: " ", count: 2 << 20)
    try Self.check(
      [
        Self.post("2 MiB of JSON", [413], ["Content-Length: \(large.utf8.count)"], large),
        Self.post("2 MiB of JSON in chunks", [413], ["Transfer-Encoding: chunked"], "200000\r\n\(large)\r\n0\r\n\r\n"),
        Self.post(
          "2 MiB announced, asking first", [413], ["Content-Length: \(large.utf8.count)", "Expect: 100-continue"], ""),
        Attack("arrays 100,000 deep", [400, 422]) { door in
          door.request("POST", door.base + "/sql", body: [UInt8](repeating: 0x5b, count: 100_000))
        },
        Attack("invalid UTF-8 as JSON", [400, 422]) { door in
          door.request("POST", door.base + "/sql", body: Array(#"{"sql":""#.utf8) + [0xff, 0xc0] + Array(#""}"#.utf8))
        },
        Attack("a key twice", [200, 400, 422]) { door in
          door.request("POST", door.base + "/sql", body: Array(#"{"sql":"SELECT 1","sql":"SELECT 2"}"#.utf8))
        },
        Attack("another type", [415]) { door in
          door.request("POST", door.base + "/sql", body: Array(sql.utf8), type: "application/xml")
        },
        Attack("a body that ends too early", [0, 400], then: .halfCloses) { door in
          door.request("POST", door.base + "/sql", body: Array(sql.utf8), headers: ["Content-Length": "500"])
        },
        Attack("a body whose client resets", [0], then: .resets) { door in
          door.request("POST", door.base + "/samples", body: Array(sql.utf8), headers: ["Content-Length": "500"])
        },
        Attack("half a head, then nothing", [0], then: .hangsUp) { _ in Array("GET /heal".utf8) },
        Attack("half a head, then a reset", [0], then: .resets) { _ in Array("GET /heal".utf8) },
        Attack("a whole request, then half closed", [0, 200], then: .halfCloses) { door in
          door.request("GET", "/healthz", token: nil)
        },
        Attack("a question whose client is gone", [0], then: .resets) { door in door.request("GET", door.base) },
      ], title: "Bodies that are too much, or too little")
  }

  @Test func compressedBodiesAreBounded() throws {
    try withProgram { program in
      // 1 GiB of nothing; the same, packed again; a record that never ends; packed, then cut.
      let made = try program.shell(
        """
        set -e
        head -c 1073741824 /dev/zero | gzip -1 > zeros.gz
        gzip -1 < zeros.gz > twice.gz
        (printf '{"prompt":"'; head -c 536870912 /dev/zero | tr '\\0' 'a') | gzip -1 > record.gz
        yes '{"prompt":"p","completion":"c"}' | head -n 1000 | gzip > cut.gz && truncate -s -20 cut.gz
        """)
      try #require(made.status == 0, "\(made)")
      func samples(_ name: String, _ right: Set<Int>, _ coding: String, _ body: [UInt8]) -> Attack {
        Attack(name, right) { door in
          door.request(
            "POST", door.base + "/samples?source=bomb", body: body, type: "application/x-ndjson",
            headers: ["Content-Encoding": coding])
        }
      }
      func file(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: program.folder.appendingPathComponent(name)))
      }
      let plain = Array(PipelineTests.lines(3).utf8)
      try Self.check(
        [
          // What unfolds may be taken, record by record, into quarantine; memory must not follow it.
          samples("1 GiB of zeros as gzip", [200, 400, 413, 422], "gzip", try file("zeros.gz")),
          samples("gzip in gzip", [200, 400, 413, 415, 422], "gzip", try file("twice.gz")),
          samples("gzip, gzip", [400, 415], "gzip, gzip", try file("twice.gz")),
          samples("a record without an end as gzip", [200, 400, 413, 422], "gzip", try file("record.gz")),
          samples("gzip that is cut", [400, 422], "gzip", try file("cut.gz")),
          samples("gzip that is none", [400, 422], "gzip", plain),
          samples("zstd that is none", [400, 422], "zstd", plain),
          samples("an unknown coding", [415], "br", plain),
          samples("no coding at all", [200], "identity", plain),
        ], title: "Compressed bodies", memory: 300)
    }
  }

  // MARK: Who may ask

  @Test func hostsAndOriginsOfOthersAreRefused() throws {
    let refused: Set<Int> = [400, 403, 421]
    try Self.check(
      [
        Attack("no Host", [400], lines: "GET /healthz HTTP/1.1"),
        Attack("two Hosts", [400], lines: "GET /healthz HTTP/1.1", "Host: HOST", "Host: evil.example"),
        Attack("an empty Host", [200, 400, 421], lines: "GET /v1/stores HTTP/1.1", "Host: ", authorized),
        Attack("another Host", refused, lines: "GET /v1/stores HTTP/1.1", "Host: evil.example", authorized),
        Attack(
          "a Host that begins like ours", refused, lines: "GET /v1/stores HTTP/1.1", "Host: 127.0.0.1.evil.example",
          authorized),
        Attack(
          "a Host with a name before it", refused, lines: "GET /v1/stores HTTP/1.1", "Host: evil@HOST", authorized),
        Attack(
          "another host in the target", [400, 403, 404, 421], lines: "GET http://evil.example/v1/stores HTTP/1.1",
          "Host: evil.example", authorized),
        Attack("localhost as Host", [200], lines: "GET /v1/stores HTTP/1.1", "Host: localhost", authorized),
        Attack(
          "another Origin", [403], lines: "GET /v1/stores HTTP/1.1", "Host: HOST", authorized,
          "Origin: https://evil.example"),
        Attack("Origin null", [403], lines: "GET /v1/stores HTTP/1.1", "Host: HOST", authorized, "Origin: null"),
        Attack(
          "an Origin that begins like ours", [403], lines: "GET /v1/stores HTTP/1.1", "Host: HOST", authorized,
          "Origin: http://HOST.evil.example"),
        Attack(
          "our own Origin", [200], lines: "GET /v1/stores HTTP/1.1", "Host: HOST", authorized, "Origin: http://HOST"),
        Attack(
          "a preflight", [400, 401, 403, 404, 405], lines: "OPTIONS /v1/stores HTTP/1.1", "Host: HOST",
          "Origin: https://evil.example", "Access-Control-Request-Method: POST"),
      ], title: "Hosts and origins")
  }

  @Test func nothingButTheWholeTokenOpens() throws {
    let half = DoorProcess.writing.prefix(DoorProcess.writing.count / 2)
    let get = "GET /v1/stores HTTP/1.1"
    try Self.check(
      [
        Attack("no token", [401], lines: get, "Host: HOST"),
        Attack("a wrong token", [401], lines: get, "Host: HOST", "Authorization: Bearer nonsense"),
        Attack("half a token", [401], lines: get, "Host: HOST", "Authorization: Bearer \(half)"),
        Attack("a token and more", [401], lines: get, "Host: HOST", authorized + "x"),
        Attack("an empty token", [401], lines: get, "Host: HOST", "Authorization: Bearer "),
        Attack(
          "a line of the file as token", [401], lines: get, "Host: HOST",
          "Authorization: Bearer write \(DoorProcess.writing)"),
        Attack(
          "the token by another scheme", [401], lines: get, "Host: HOST", "Authorization: Basic \(DoorProcess.writing)"),
        Attack(
          "the token in the address", [401], lines: "GET /v1/stores?token=\(DoorProcess.writing) HTTP/1.1", "Host: HOST"
        ),
        Attack(
          "a wrong token and the right one", [400, 401], lines: get, "Host: HOST", "Authorization: Bearer no",
          authorized),
        Attack(
          "the reading token reads", [200], lines: get, "Host: HOST", "Authorization: Bearer \(DoorProcess.reading)"),
        Attack("the reading token asks in SQL", [200]) { door in
          door.request("POST", door.base + "/sql", body: Array(sql.utf8), token: DoorProcess.reading)
        },
        Attack("the reading token writes", [403]) { door in
          let body = #"{"name":"n","snapshot":"monday","grouping":"tasks","batch_size":4}"#
          return door.request("POST", door.base + "/plans", body: Array(body.utf8), token: DoorProcess.reading)
        },
        Attack("the reading token pours", [403]) { door in
          door.request("POST", door.base + "/samples", body: Array("{}\n".utf8), token: DoorProcess.reading)
        },
        Attack("the reading token drops", [403]) { door in
          door.request("DELETE", door.base + "/groupings/tasks", token: DoorProcess.reading)
        },
      ], title: "Tokens")
  }

  // MARK: Where and how

  @Test func pathsLeadNowhereElse() throws {
    func get(_ name: String, _ path: String, _ right: Set<Int> = [400, 404, 422]) -> Attack {
      Attack(name, right, lines: "GET \(path) HTTP/1.1", "Host: HOST", authorized)
    }
    let base = "/v1/stores/cohort"
    try Self.check(
      [
        get("up and out", "/../../../../etc/passwd"), get("up, encoded", "/v1/stores/%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
        get("up, encoded twice", "/v1/stores/%252e%252e%252fetc"),
        get("up from a store", "\(base)/../../../etc/passwd"),
        get("a store by its path", "/v1/stores/%2Ftmp"), get("another store", "/v1/stores/other"),
        get("backslashes", "/v1/stores/..\\..\\etc"), get("an encoded NUL", "/v1/stores/cohort%00"),
        get("an encoded NUL in a name", "\(base)/plans/first%00"), get("invalid UTF-8", "\(base)/plans/%ff%fe"),
        get("overlong UTF-8", "/v1/stores/%c0%ae%c0%ae"), get("half an escape", "\(base)/plans/%f"),
        get("not an escape", "\(base)/plans/%zz"),
        get("a name of 4,000 bytes", "\(base)/groupings/\(String(repeating: "n", count: 4_000))/groups"),
        get("4,000 slashes", String(repeating: "/", count: 4_000), [400, 404, 414]),
        get("no slash at all", "healthz", [0, 400, 404]),
        get("an asterisk", "*", [0, 400, 404, 405]),
        get("a number beyond 64 bits", "\(base)/samples/99999999999999999999"),
        get("a number below zero", "\(base)/samples/-1"), get("words for a number", "\(base)/samples?limit=many"),
        get("no such parameter", "\(base)/samples?colour=red"),
        get("a parameter twice", "\(base)/samples?limit=1&limit=2", [200, 400, 422]),
        get("invalid UTF-8 in the query", "\(base)/samples?task=%ff", [200, 400, 422]),
        get("a NUL in the query", "\(base)/samples?task=%00", [200, 400, 404, 422]),
        Attack("raw bytes over 127 in the path", [0, 400, 404]) { door in
          Array("GET /v1/stores/".utf8) + [0xff, 0xfe]
            + Array(" HTTP/1.1\r\nHost: 127.0.0.1:\(door.port)\r\n\(authorized)\r\n\r\n".utf8)
        },
        Attack("a raw NUL in the path", [0, 400], ends: true) { door in
          Array("GET /v1/stores/\0 HTTP/1.1\r\nHost: 127.0.0.1:\(door.port)\r\n\(authorized)\r\n\r\n".utf8)
        },
      ], title: "Paths")
  }

  @Test func methodsThatAreNotMeantAreRefused() throws {
    try Self.check(
      [
        Attack("TRACE", [400, 401, 405, 501], lines: "TRACE /healthz HTTP/1.1", "Host: HOST"),
        Attack(
          "CONNECT", [0, 400, 401, 404, 405, 501], ends: true, lines: "CONNECT 127.0.0.1:22 HTTP/1.1",
          "Host: 127.0.0.1:22"),
        Attack("PUT", [405], lines: "PUT /v1/stores HTTP/1.1", "Host: HOST", authorized, "Content-Length: 0"),
        Attack("POST to what is only read", [405], lines: "POST /healthz HTTP/1.1", "Host: HOST", "Content-Length: 0"),
        Attack(
          "an upgrade to WebSocket", [200], lines: "GET /healthz HTTP/1.1", "Host: HOST", "Connection: Upgrade",
          "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        Attack(
          "an upgrade to HTTP/2", [200], lines: "GET /healthz HTTP/1.1", "Host: HOST",
          "Connection: Upgrade, HTTP2-Settings",
          "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
        Attack("HTTP/1.0 without a Host", [200, 400], ends: true, lines: "GET /healthz HTTP/1.0"),
        Attack(
          "an expectation nobody knows", [200, 417], lines: "GET /healthz HTTP/1.1", "Host: HOST", "Expect: the-moon"),
      ], title: "Methods")
  }
}
