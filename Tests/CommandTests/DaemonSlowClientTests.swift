import CohortSystem
import CohortTesting
import Foundation
import Synchronization
import Testing

/// Clients that are slow, many, or both: they wait, others do not.
@Suite(.serialized) struct DaemonSlowClientTests {
  /// A client that takes its time, and what may become of it within `seconds`.
  private struct Slow: Sendable {
    let name: String
    /// Seconds until the daemon has to have had enough of it. Nil: it may stay.
    let patience: Double?
    /// What goes out at once, and then what goes out a byte each 100 ms.
    let first: [UInt8]
    let drip: [UInt8]
  }

  @Test func slowClientsHinderNobody() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let door = try DoorProcess(program)
      _ = try door.ask("GET", "/healthz", token: nil)
      let descriptors = try #require(door.descriptors)
      let sql = Array(#"{"sql":"SELECT 1"}"#.utf8)
      let head = door.request("POST", door.base + "/sql", body: sql, headers: ["Content-Length": "100000"])
      let pour = door.request(
        "POST", door.base + "/samples?source=slow", body: [], type: "application/x-ndjson",
        headers: ["Content-Length": "100000"])
      let endless = [UInt8](repeating: 0x61, count: 4_000)
      let clients = [
        Slow(name: "says nothing", patience: 30, first: [], drip: []),
        Slow(
          name: "a head that stops", patience: 30, first: Array("GET /healthz HTTP/1.1\r\nHost: loc".utf8), drip: []),
        Slow(
          name: "a head byte by byte", patience: 30, first: Array("GET /healthz HTTP/1.1\r\nX-Slow: ".utf8),
          drip: endless),
        Slow(
          name: "a head line by line", patience: 30, first: Array("GET /healthz HTTP/1.1\r\n".utf8),
          drip: (0..<800).flatMap { Array("X\($0): y\r\n".utf8) }),
        Slow(name: "a body byte by byte", patience: nil, first: head, drip: endless),
        Slow(name: "samples byte by byte", patience: nil, first: pour, drip: endless),
      ]
      let outcomes = Mutex<[String: String]>([:])
      let isOver = Mutex(false)
      let port = door.port
      // Four of each, at once.
      let threads = TestThreads(4 * clients.count) { number in
        let client = clients[number % clients.count]
        let outcome = Self.run(client, port: port) { isOver.withLock { $0 } }
        outcomes.withLock { $0[client.name] = max($0[client.name] ?? "", outcome) }
      }
      var slowest = 0.0
      let end = Date().addingTimeInterval(31)
      while Date() < end && !threads.areFinished {
        let begun = Date()
        #expect(try door.ask("GET", "/healthz", token: nil, seconds: 5).status == 200)
        #expect(try door.ask("POST", door.base + "/sql", body: #"{"sql":"SELECT 1"}"#, seconds: 5).status == 200)
        slowest = max(slowest, Date().timeIntervalSince(begun))
        usleep(100_000)
      }
      isOver.withLock { $0 = true }
      threads.wait()
      let table = outcomes.withLock { $0 }
      print("Slow clients; the slowest pair of quick ones took \(Int(slowest * 1000)) ms")
      for client in clients { print("  \(client.name): \(table[client.name] ?? "-")") }
      for client in clients where client.patience != nil {
        #expect(table[client.name]?.hasPrefix("ended") == true, "\(client.name): \(table[client.name] ?? "-")")
      }
      #expect(slowest < 2)
      #expect(door.isBack(to: descriptors, seconds: 15))
      #expect(door.daemon.end() == 0)
    }
  }

  /// - Returns: how it ended and after how many seconds; "still there" when the test was over before.
  private static func run(_ client: Slow, port: Int, isOver: () -> Bool) -> String {
    guard let connection = try? RawConnection(port: port) else { return "not let in" }
    defer { connection.hangUp() }
    let begun = Date()
    connection.send(client.first)
    var left = client.drip[...]
    while !isOver() {
      if let byte = left.popFirst(), !connection.send([byte]) { break }
      connection.listen(seconds: 0.1)
      if connection.isEnded { break }
    }
    let seconds = String(format: "%.0f s", Date().timeIntervalSince(begun))
    guard connection.isEnded || !isOver() else { return "still there" }
    let status = RawAnswer.parse(connection.received, method: "GET", isEnded: true)?.0.status
    return "ended after \(seconds)" + (status.map { ", status \($0)" } ?? "")
  }

  /// A client that asks for much and reads nothing: the daemon waits with it, and keeps little for it.
  @Test func aClientThatDoesNotReadCostsLittle() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try program.write(PipelineTests.lines(60_000, from: 1_000), to: "many.jsonl")
      #expect(try program.cohort("ingest", "many.jsonl", "--task-field", "kind").status == 0)
      let door = try DoorProcess(program)
      #expect(try door.ask("GET", door.base).status == 200)
      let descriptors = try #require(door.descriptors)
      let before = door.memory ?? 0
      let deaf = try (0..<16).map { _ in try RawConnection(port: door.port) }
      for connection in deaf {
        connection.send(
          door.request("GET", door.base + "/samples?limit=10000", headers: ["Accept": "application/x-ndjson"]))
      }
      usleep(1_500_000)
      let begun = Date()
      #expect(try door.ask("GET", door.base, seconds: 20).status == 200)
      print(
        "16 clients that do not read: info after \(Int(Date().timeIntervalSince(begun) * 1000)) ms,"
          + " memory \(Int(before)) to \(Int(door.memory ?? 0)) MiB")
      #expect((door.memory ?? 0) - before < 200)
      for connection in deaf { connection.hangUp() }
      #expect(door.isBack(to: descriptors, seconds: 15))
      #expect(door.daemon.end() == 0)
    }
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let door = try DoorProcess(program)
      let connection = try RawConnection(port: door.port)
      let numbers = (0..<100).map { $0 * 37 % 250 }
      connection.send(numbers.flatMap { door.request("GET", "\(door.base)/samples/\($0)") })
      for number in numbers {
        let answer = try #require(connection.answer())
        #expect(answer.status == 200)
        #expect(try answer.object()["id"] as? Int == number)
      }
      // A refusal in between takes none of the others with it.
      connection.send(
        door.request("POST", door.base + "/sql", body: Array("{}".utf8)) + door.request("GET", door.base + "/samples/7")
      )
      #expect([400, 422].contains(try #require(connection.answer()).status))
      #expect(try #require(connection.answer()).object()["id"] as? Int == 7)
      connection.hangUp()
      #expect(door.daemon.end() == 0)
    }
  }

  @Test func aCrowdIsTurnedAwayAndForgotten() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let door = try DoorProcess(program)
      _ = try door.ask("GET", "/healthz", token: nil)
      let descriptors = try #require(door.descriptors)
      var crowd: [RawConnection] = []
      for _ in 0..<300 { crowd.append(try RawConnection(port: door.port)) }
      for connection in crowd { connection.send(door.request("GET", "/healthz", token: nil)) }
      var answered = 0
      var refused = 0
      for connection in crowd {
        switch connection.answer(seconds: 3)?.status {
        case 200: answered += 1
        case 503: refused += 1
        default: if connection.isEnded { refused += 1 }
        }
      }
      let held = door.descriptors?.all ?? 0
      print(
        "300 connections: \(answered) answered, \(refused) refused, \(300 - answered - refused) waiting; \(held) descriptors"
      )
      #expect(answered >= 200 && answered <= 256)
      // Those that are turned away stay for a moment, to read why.
      #expect(held <= descriptors.all + 256 + 64 + 8)
      for connection in crowd { connection.hangUp() }
      #expect(
        isReached(within: 15, every: 0.02) { (try? door.ask("GET", "/healthz", token: nil, seconds: 2).status) == 200 })
      #expect(door.isBack(to: descriptors))
      #expect(door.daemon.end() == 0)
    }
  }

  /// Connections that come and go leave nothing behind.
  @Test func clientsThatComeAndGoLeaveNothing() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let door = try DoorProcess(program)
      for _ in 0..<50 { _ = try door.ask("GET", door.base) }
      let descriptors = try #require(door.descriptors)
      let before = door.memory ?? 0
      for number in 0..<Torture.cases(1_000, tortured: 20_000) {
        let connection = try RawConnection(port: door.port)
        switch number % 4 {
        case 0:
          connection.send(door.request("GET", door.base))
          connection.reset()
        case 1: connection.reset()
        case 2:
          connection.send("GET / HT")
          connection.hangUp()
        default:
          connection.send(door.request("GET", "/healthz", token: nil))
          _ = connection.answer(seconds: 5)
          connection.hangUp()
        }
      }
      #expect(door.isBack(to: descriptors, seconds: 15))
      #expect((door.memory ?? 0) - before < 64)
      #expect(try door.ask("GET", door.base).status == 200)
      #expect(door.daemon.end() == 0)
    }
  }
}
