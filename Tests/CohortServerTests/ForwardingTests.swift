import CohortActions
import CohortCore
import CohortSystem
import CohortTesting
import Foundation
import HTTPTypes
import Logging
import Testing

@testable import CohortServer

/// What a client sees of stores that other processes answer for.
@Suite struct ForwardingTests {
  // MARK: Whole requests

  @Test func aStoreBehindAnswersAsIfItWereInFront() async throws {
    let front = try Front(["a", "b"], samples: 5)
    try await blocking {
      for path in [
        "/spaces", "/samples?limit=3", "/samples/2", "/groupings", "/samples/999", "/nothing", "/log?last=1",
      ] {
        let routed = try front.ask("GET", "/v1/stores/b\(path)")
        let direct = try front.child("b").ask("GET", "/v1/stores/b\(path)")
        #expect(routed.status == direct.status && routed.text == direct.text, "\(path)")
        for name in ["content-type", "cohort-sequence", "vary"] {
          #expect(routed.headers[name] == direct.headers[name], "\(path) \(name)")
        }
      }
      let head = try front.client().ask("HEAD /v1/stores/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(head.status == 200 && head.body.isEmpty && head.headers["content-length"] != nil)
    }
  }

  @Test func samplesGoToTheirStore() async throws {
    let front = try Front(["a", "b"])
    try await blocking {
      let lines = (0..<30).map { "{\"prompt\":\"question \($0)\",\"response\":\"answer \($0)\"}\n" }.joined()
      let answer = try front.ask("POST", "/v1/stores/b/samples", body: lines, "Content-Type: application/x-ndjson")
      #expect(answer.status == 200 && answer.object["inserted"] as? Int == 30, "\(answer.text)")
      #expect(try front.ask("GET", "/v1/stores/b/samples?limit=50").rows.count == 30)
      #expect(try front.ask("GET", "/v1/stores/a/samples?limit=50").rows.isEmpty)
    }
  }

  @Test func bodiesOfAnyLengthPassBothWays() async throws {
    let front = try Front(["a"], routes: [Self.echo])
    try await blocking {
      var random = TestRandom(seed: Torture.seed)
      for size in [0, 1, 70_000, 5 << 20] {
        let body = String(decoding: (0..<size).map { _ in UInt8(33 + random.next() % 90) }, as: UTF8.self)
        let counted = try front.ask("POST", "/v1/stores/a/echo", body: body)
        #expect(counted.status == 200 && counted.text == body, "\(size)")
        let client = try front.client()
        try client.send(
          "POST /v1/stores/a/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            + (size > 0 ? "\(String(size, radix: 16))\r\n\(body)\r\n" : "") + "0\r\n\r\n")
        let chunked = try client.answer()
        #expect(chunked.status == 200 && chunked.text == body && chunked.isComplete, "\(size)")
        // And the connection goes on.
        #expect(try client.ask("GET /v1/stores/a HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
      }
    }
  }

  @Test func wordsOfOneConnectionStayThere() async throws {
    let front = try Front(["a"], routes: [Self.headers])
    try await blocking {
      let answer = try front.ask(
        "GET", "/v1/stores/a/headers?x=%2F%20%C3%BC&y=a%26b", "Connection: keep-alive, X-Mine", "X-Mine: 1",
        "Keep-Alive: 5",
        "TE: trailers", "Cohort-Rights: write", "X-Kept: yes", "Authorization: Bearer secret")
      #expect(answer.object["names"] as? [String] == ["connection", "x-kept"], "\(answer.text)")
      #expect(answer.object["query"] as? String == "x=/ ü;y=a&b")
    }
  }

  @Test func rightsAreThoseOfTheToken() async throws {
    let front = try Front(["a"], routes: [Self.echo])
    try await blocking {
      for (token, read, write) in [("", 401, 401), (Front.readToken, 200, 403), (Front.writeToken, 200, 200)] {
        let lines = token.isEmpty ? "" : "Authorization: Bearer \(token)\r\n"
        let get = try front.networkClient().ask("GET /v1/stores/a HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n")
        let post = try front.networkClient().ask(
          "POST /v1/stores/a/echo HTTP/1.1\r\nHost: localhost\r\n\(lines)Content-Length: 2\r\n\r\nab")
        #expect(get.status == read && post.status == write, "\(token)")
      }
    }
  }

  @Test func aBodyIsAskedForWhenTheProcessWantsIt() async throws {
    let front = try Front(["a"], routes: [Self.echo, Self.refuse])
    try await blocking {
      func expecting(_ path: String) -> String {
        "POST /v1/stores/a/\(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
      }
      let client = try front.client()
      try client.send(expecting("echo"))
      #expect(try client.head()?.status == 100)
      try client.send("hello")
      #expect(try client.answer().text == "hello")
      let refused = try front.client().ask(expecting("refuse"))
      #expect(refused.status == 422)
    }
  }

  // MARK: Streams

  @Test func eventsArriveOneByOneAndEndWithTheClient() async throws {
    let running = Locked(0)
    let front = try Front(["a"], routes: [Self.ticks(running)])
    try await blocking {
      let client = try front.client()
      try client.send("GET /v1/stores/a/ticks HTTP/1.1\r\nHost: localhost\r\n\r\n")
      _ = try client.head()
      let started = Date()
      var lines = 0
      while let line = try client.nextLine(), lines < 5 { lines += line.hasPrefix("tick") ? 1 : 0 }
      #expect(Date().timeIntervalSince(started) < 20)
      #expect(running.withLock { $0 } == 1)
    }
    try await blocking { #expect(running.wait(seconds: 120) { $0 == 0 ? true : nil } != nil) }
  }

  @Test func aClientThatTakesNothingMakesTheProcessWait() async throws {
    let sent = Locked(0)
    let front = try Front(["a"], routes: [Self.endless(sent)])
    try await blocking {
      let client = try front.client()
      try client.send("GET /v1/stores/a/endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
      _ = try client.head()
      var last = -1
      while last != sent.withLock({ $0 }) {
        last = sent.withLock { $0 }
        usleep(300_000)
      }
      // What fits into the buffers of sockets, and no more.
      #expect(last > 0 && last < 16 << 20, "\(last)")
    }
  }

  @Test func aClientThatBreaksOffEndsTheRequest() async throws {
    let seen = Locked<String?>(nil)
    let front = try Front(["a"], routes: [Self.swallow(seen)])
    try await blocking {
      do {
        let client = try front.client()
        try client.send("POST /v1/stores/a/swallow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
        // Until the process has begun to read.
        #expect(seen.wait(seconds: 240) { $0 } == "begun")
        withExtendedLifetime(client) {}
      }
      #expect(seen.wait(seconds: 240) { $0 == "begun" ? nil : $0 } == "server.truncated-body")
    }
  }

  // MARK: Processes that fail

  @Test func aProcessThatIsNotThereIs503WithATime() async throws {
    let front = try Front(["a", "b"])
    try await blocking {
      front.board.set("b") { $0.condition = .away(seconds: 7.2, CohortError(.serverUnexpected, "It fell")) }
      let away = try front.ask("GET", "/v1/stores/b")
      #expect(away.status == 503 && away.headers["retry-after"] == "8" && away.code == "server.store-away")
      #expect(away.text.contains("It fell"))
      front.board.set("b") { ($0.condition, $0.socket) = (.open, $0.socket + "-none") }
      let gone = try front.ask("GET", "/v1/stores/b")
      #expect(gone.status == 503 && gone.code == "server.store-away" && gone.headers["retry-after"] != nil)
      #expect(try front.ask("GET", "/v1/stores/a").status == 200)
      let unknown = try front.ask("GET", "/v1/stores/c")
      #expect(unknown.status == 404 && unknown.code == "server.unknown-store")
    }
  }

  @Test func damageIsToldWithItsPlaceAndIsReadiness() async throws {
    let front = try Front(["a", "b"])
    try await blocking {
      #expect(try front.ask("GET", "/readyz").status == 200)
      front.board.set("b") {
        $0.condition = .closed(CohortError(.coreInvalid, "It is damaged", place: "page 7"))
      }
      let damaged = try front.ask("GET", "/v1/stores/b/samples")
      #expect(damaged.status == 500 && damaged.object["place"] as? String == "page 7")
      let ready = try front.ask("GET", "/readyz")
      #expect(ready.status == 200 && ready.text.contains("page 7"), "\(ready.text)")
      let stores = try front.ask("GET", "/v1/stores").rows
      #expect(stores.map { $0["name"] as? String } == ["a", "b"])
      #expect(stores.map { $0["state"] as? String } == ["open", "damaged"])
      front.board.set("b") { $0.condition = .away(seconds: 1, nil) }
      #expect(try front.ask("GET", "/readyz").status == 503)
    }
  }

  @Test func aProcessThatEndsInTheMiddleBreaksTheAnswerOff() async throws {
    let front = try Front(["a"])
    let child = try BadChild(front.folder.file("bad"))
    front.board.set("a") { $0.socket = child.path }
    try await blocking {
      child.answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
      let short = try front.ask("GET", "/v1/stores/a")
      #expect(short.status == 200 && !short.isComplete)
      child.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
      #expect(try !front.ask("GET", "/v1/stores/a").isComplete)
      for text in ["", "HTTP/1.1 2", "nonsense\r\n\r\n"] {
        child.answer(text)
        let none = try front.ask("GET", "/v1/stores/a")
        #expect(none.status == 503 && none.code == "server.store-away", "\(text)")
      }
    }
  }

  @Test func aStalledProcessDelaysNobodyElse() async throws {
    let front = try Front(["a", "b", "c"]) { $0.connections = 48 }
    let child = try BadChild(front.folder.file("bad"))
    front.board.set("b") { $0.socket = child.path }
    try await blocking {
      // More clients than the server takes connections, or nearly: all that its rules give them.
      var stalled: [RawClient] = []
      for _ in 0..<40 {
        let client = try front.client()
        try client.send("GET /v1/stores/b HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stalled.append(client)
      }
      usleep(200_000)
      for _ in 0..<20 {
        let started = Date()
        #expect(try front.ask("GET", "/v1/stores/a").status == 200)
        #expect(Date().timeIntervalSince(started) < 15)
      }
      // Reports come in time as well, and say who is silent.
      let started = Date()
      let ready = try front.ask("GET", "/readyz")
      #expect(Date().timeIntervalSince(started) < 20)
      #expect(ready.status == 503 && ready.text.contains("\"silent\""), "\(ready.text)")
      withExtendedLifetime(stalled) {}
    }
  }

  /// A process that was stopped still takes connections, and then says nothing.
  @Test func aProcessWithoutASignOfLifeIs504() async throws {
    let front = try Front(["a", "b"], routes: [Self.slow]) { limits in
      limits.silenceSeconds = 0.2
      limits.signOfLifeSeconds = 1
    }
    let child = try BadChild(front.folder.file("bad"))
    front.board.set("b") { $0.socket = child.path }
    try await blocking {
      let silent = try front.ask("GET", "/v1/stores/b")
      #expect(silent.status == 504 && silent.code == "server.store-silent", "\(silent)")
      #expect(silent.object["place"] as? String == "b")
      let body = String(repeating: "x", count: 40_000)
      #expect(try front.ask("POST", "/v1/stores/b/samples", body: body).status == 504)
      // One that only takes its time lives.
      let slow = try front.ask("GET", "/v1/stores/a/slow")
      #expect(slow.status == 200 && slow.text == "done", "\(slow)")
    }
  }

  // MARK: Rules without sockets

  @Test func eachStoreKeepsItsShare() {
    var shares = ForwardingShares(total: 60, stores: ["a", "b", "c"])
    func places(_ store: String) -> Int {
      var taken = 0
      while shares.enter(store) { taken += 1 }
      return taken
    }
    #expect(places("a") == 40)
    #expect(places("b") == 10 && places("c") == 10)
    shares.leave("a")
    #expect(places("b") == 1 && places("a") == 0)
    for _ in 0..<9 { shares.leave("c") }
    // What is b's beyond its share is nobody's any more.
    #expect(places("b") == 0 && places("c") == 9)
  }

  @Test func figuresOfProcessesAreJoinedByFamily() {
    var joined = JoinedMetrics()
    let own = "# HELP up Is it.\n# TYPE up gauge\nup 1\n"
    let child = """
      # HELP t Times.
      # TYPE t histogram
      t_bucket{route="/x,store=\\"y",le="1"} 1
      t_sum{route="/x"} 0.5
      # HELP up Is it.
      # TYPE up gauge
      up 1
      # HELP s Samples.
      # TYPE s gauge
      s{kind="k",store="a"} 7

      """
    joined.add(own, store: nil)
    joined.add(child, store: "a")
    joined.add(child.replacingOccurrences(of: "store=\"a\"", with: "store=\"b\""), store: "b")
    #expect(
      joined.text == """
        # HELP s Samples.
        # TYPE s gauge
        s{kind="k",store="a"} 7
        s{kind="k",store="b"} 7
        # HELP t Times.
        # TYPE t histogram
        t_bucket{store="a",route="/x,store=\\"y",le="1"} 1
        t_sum{store="a",route="/x"} 0.5
        t_bucket{store="b",route="/x,store=\\"y",le="1"} 1
        t_sum{store="b",route="/x"} 0.5
        # HELP up Is it.
        # TYPE up gauge
        up 1
        up{store="a"} 1
        up{store="b"} 1

        """, "\(joined.text)")
  }

  @Test func figuresOfAllProcessesComeInOneText() async throws {
    let front = try Front(["a", "b"])
    try await blocking {
      front.board.set("b") { ($0.condition, $0.restarts) = (.closed(CohortError(.coreInvalid, "x")), 3) }
      let text = try front.ask("GET", "/metrics").text
      let lines = Set(text.split(separator: "\n").map(String.init))
      for line in [
        "cohort_store_open{store=\"a\"} 1", "cohort_store_open{store=\"b\"} 0", "cohort_store_damaged{store=\"b\"} 1",
        "cohort_store_restarts_total{store=\"b\"} 3", "cohort_store_answers{store=\"a\"} 1",
      ] { #expect(lines.contains(line), "\(line)\n\(text)") }
      let headers = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
      #expect(Set(headers).count == headers.count)
      let series = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ")[0] }
      #expect(Set(series).count == series.count)
    }
  }

  // MARK: Routes of the processes

  private static let echo = Route(.post, "/v1/stores/{store}/echo", rights: .write) { exchange in
    var bytes: [UInt8] = []
    for try await piece in exchange.content { bytes += piece }
    return Answer(type: "text/plain", bytes)
  }

  private static let refuse = Route(.post, "/v1/stores/{store}/refuse", rights: .write) { _ in
    throw CohortError(.cliUsage, "No")
  }

  private static let headers = Route(.get, "/v1/stores/{store}/headers", rights: .read) { exchange in
    let names = exchange.headers.map(\.name.canonicalName).filter { $0 != "host" }.sorted()
    return Answer([
      "names": .list(names.map { .text($0) }),
      "query": .text(exchange.query.map { "\($0.name)=\($0.value)" }.joined(separator: ";")),
    ])
  }

  /// Answers after many times the silence that makes the server ask.
  private static let slow = Route(.get, "/v1/stores/{store}/slow", rights: .read) { _ in
    try await Task.sleep(for: .seconds(2))
    return Answer(type: "text/plain", Array("done".utf8))
  }

  private static func ticks(_ running: Locked<Int>) -> Route {
    Route(.get, "/v1/stores/{store}/ticks", rights: .read) { _ in
      Answer(type: "text/event-stream") { writer in
        running.change { $0 += 1 }
        defer { running.change { $0 -= 1 } }
        while true {
          try await writer.write(Array("tick\n".utf8))
          try await Task.sleep(for: .milliseconds(20))
        }
      }
    }
  }

  private static func endless(_ sent: Locked<Int>) -> Route {
    Route(.get, "/v1/stores/{store}/endless", rights: .read) { _ in
      Answer(type: "text/plain") { writer in
        let block = [UInt8](repeating: 65, count: 1 << 16)
        while true {
          try await writer.write(block)
          sent.change { $0 += block.count }
        }
      }
    }
  }

  private static func swallow(_ seen: Locked<String?>) -> Route {
    Route(.post, "/v1/stores/{store}/swallow", rights: .write) { exchange in
      do {
        for try await _ in exchange.content { seen.change { $0 = "begun" } }
        seen.change { $0 = "end" }
      } catch {
        seen.change { $0 = (error as? CohortError)?.code.name ?? "\(error)" }
        throw error
      }
      return Answer(.ok)
    }
  }
}

/// Stores, each with a server of its own, and a server in front of them.
private final class Front: Sendable {
  static let writeToken = "write-token-0123456789abcdef"
  static let readToken = "read-token-0123456789abcdef"

  let folder: TemporaryFolder
  let board: Board
  private let children: [String: Server]
  private let hosts: [TestHost]
  private let server: Server
  private let port: UInt16

  init(
    _ names: [String], samples: Int = 0, routes: [Route] = [], _ change: (inout Limits) -> Void = { _ in }
  ) throws {
    folder = try TemporaryFolder()
    let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var (children, stores, hosts) = ([String: Server](), [ForwardedStore](), [TestHost]())
    for name in names {
      let host = try TestHost(name, samples: samples)
      let socket = folder.file("\(name)/s")
      let child = try Server(hosts: [host], doors: Doors(socket: socket), routes: routes, log: log)
      _ = try child.start()
      children[name] = child
      hosts.append(host)
      stores.append(ForwardedStore(name: name, path: name, socket: socket, condition: .open))
    }
    (self.children, self.hosts, board) = (children, hosts, Board(stores))
    let tokens = try folder.write("tokens", "write \(Self.writeToken)\nread \(Self.readToken)\n")
    chmod(tokens, 0o600)
    var limits = Limits()
    limits.lingerSeconds = 0.5
    change(&limits)
    let doors = Doors(
      socket: folder.file("front/s"), listen: [try TCPAddress(parsing: "127.0.0.1:0")], tokenFile: tokens)
    server = try Server(forwarding: board, doors: doors, limits: limits, routes: routes, log: log)
    port = try server.start().last.flatMap { $0.split(separator: ":").last }.flatMap { UInt16($0) } ?? 0
  }

  deinit {
    server.stop(within: 2)
    for child in children.values { child.stop(within: 2) }
  }

  func client() throws -> RawClient { try RawClient(unix: folder.file("front/s")) }

  func networkClient() throws -> RawClient { try RawClient(port: port) }

  func ask(_ method: String, _ path: String, body: String? = nil, _ headers: String...) throws -> RawAnswer {
    try Self.ask(client(), method, path, body, headers)
  }

  /// A child without the front.
  struct Child {
    let socket: String

    func ask(_ method: String, _ path: String) throws -> RawAnswer {
      try Front.ask(RawClient(unix: socket), method, path, nil, [])
    }
  }

  func child(_ name: String) -> Child { Child(socket: folder.file("\(name)/s")) }

  private static func ask(
    _ client: RawClient, _ method: String, _ path: String, _ body: String?, _ headers: [String]
  ) throws -> RawAnswer {
    var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + headers
    if let body { lines.append("Content-Length: \(body.utf8.count)") }
    return try client.ask(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
  }
}

private final class Board: ForwardedStores {
  private let stores: Locked<[ForwardedStore]>

  init(_ stores: [ForwardedStore]) { self.stores = Locked(stores) }

  var all: [ForwardedStore] { stores.withLock { $0 } }

  func set(_ name: String, _ change: (inout ForwardedStore) -> Void) {
    stores.withLock { stores in
      for index in stores.indices where stores[index].name == name { change(&stores[index]) }
    }
  }
}

/// A process that listens, and then does what it should not: nothing, until it is told what to answer before it closes.
private final class BadChild: Sendable {
  let path: String
  private let descriptor: Int32
  private let answers = Locked<[String]>([])

  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let (descriptor, answers) = (descriptor, answers)
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard status == 0, listen(descriptor, 128) == 0 else { throw Unexpected("no socket") }
    _ = try WorkThread {
      while true {
        let text: String = answers.wait { $0.isEmpty ? nil : $0.removeFirst() }
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else { return }
        var block = [UInt8](repeating: 0, count: 4096)
        _ = recv(client, &block, block.count, 0)
        SystemCall.put(text, on: client)
        SystemCall.close(client)
      }
    }
  }

  deinit { SystemCall.close(descriptor) }

  func answer(_ text: String) { answers.change { $0.append(text) } }
}
