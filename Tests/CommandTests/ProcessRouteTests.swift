import CohortSystem
import CohortTesting
import Foundation
import Testing

/// What clients of several stores see of their processes, through the one door.
@Suite struct ProcessRouteTests {
  private static let names = ["a", "b", "c"]

  /// A supervisor whose door is open and whose stores all answer.
  private struct Running {
    let daemon: DaemonProcess
    let door: Door
  }

  private static func run(_ program: Program) throws -> Running {
    let socket = program.folder.appendingPathComponent("door/s").path
    let daemon = try DaemonProcess(
      program, names.flatMap { ["--store", $0] } + ["--socket", socket], waitingFor: nil)
    let door = Door(path: socket)
    try daemon.wait("the stores are ready") { (try? door.get("/readyz").status) == 200 }
    return Running(daemon: daemon, door: door)
  }

  private static func process(_ running: Running, _ store: String) throws -> pid_t {
    let event = try running.daemon.events("child_started").last { $0["store"] as? String == store }
    return pid_t(try #require(event?["process"] as? Int))
  }

  @Test func aProcessThatIsKilledDelaysNobodyElse() throws {
    try withProgram { program in
      for name in Self.names { try program.makeStore(name) }
      let running = try Self.run(program)
      var (slowest, away) = (0.0, 0)
      let end = Date().addingTimeInterval(20)
      var kills = 0
      while Date() < end {
        if kills < 2, try running.door.get("/v1/stores/b").status == 200 {
          kill(try Self.process(running, "b"), SIGKILL)
          kills += 1
        }
        for name in ["a", "c"] {
          let started = Date()
          let answer = try running.door.get("/v1/stores/\(name)")
          slowest = max(slowest, Date().timeIntervalSince(started))
          #expect(answer.status == 200, "\(answer)")
        }
        let answer = try running.door.get("/v1/stores/b")
        #expect(answer.status == 200 || answer.status == 503, "\(answer)")
        if answer.status == 503 {
          away += 1
          #expect(answer.head.contains("retry-after:"), "\(answer)")
        }
        if kills == 2, answer.status == 200 { break }
      }
      #expect(away > 0 && slowest < 1, "\(away) times away, \(slowest) s")
      #expect(try running.door.get("/readyz").status == 200)
      let metrics = try running.door.get("/metrics").body
      #expect(metrics.contains("cohort_store_restarts_total{store=\"b\"} 2\n"), "\(metrics)")
      #expect(metrics.contains("cohort_store_restarts_total{store=\"a\"} 0\n"))
      #expect(running.daemon.end() == 0, "\(running.daemon.log)")
    }
  }

  @Test func aDamagedStoreIsReportedAtTheDoor() throws {
    try withProgram { program in
      for name in Self.names { try program.makeStore(name) }
      try ProcessTests.damage(program, "b")
      let running = try Self.run(program)
      let ready = try running.door.get("/readyz")
      #expect(ready.body.contains("\"damaged\"") && ready.body.contains("\"place\""), "\(ready)")
      let damaged = try running.door.get("/v1/stores/b")
      #expect(damaged.status == 500 && damaged.head.contains("application/problem+json"), "\(damaged)")
      #expect(try running.door.get("/v1/stores/a").status == 200)
      let metrics = try running.door.get("/metrics").body
      for line in ["cohort_store_open{store=\"b\"} 0", "cohort_store_damaged{store=\"b\"} 1"] {
        #expect(metrics.contains(line + "\n"), "\(line)")
      }
      #expect(running.daemon.end() == 4, "\(running.daemon.log)")
    }
  }

  @Test func aStalledProcessIsToldOfInTime() throws {
    try withProgram { program in
      for name in Self.names { try program.makeStore(name) }
      let running = try Self.run(program)
      let process = try Self.process(running, "b")
      try halt(process)
      let started = Date()
      let ready = try running.door.get("/readyz")
      #expect(ready.status == 503 && ready.body.contains("\"silent\""), "\(ready)")
      #expect(try running.door.get("/v1/stores/a").status == 200)
      #expect(Date().timeIntervalSince(started) < 20)
      kill(process, SIGCONT)
      #expect(try running.door.get("/readyz").status == 200)
      #expect(running.daemon.end() == 0, "\(running.daemon.log)")
    }
  }

  @Test func streamsEndWithTheDaemon() throws {
    try withProgram { program in
      for name in Self.names { try program.makeStore(name) }
      let running = try Self.run(program)
      let stream = try Door.Connection(running.door.path)
      try stream.send("GET /v1/stores/a/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(try stream.receive().contains("200 OK"))
      let started = Date()
      #expect(running.daemon.end() == 0, "\(running.daemon.log)")
      #expect(Date().timeIntervalSince(started) < 10)
      #expect(!FileManager.default.fileExists(atPath: running.door.path))
      withExtendedLifetime(stream) {}
    }
  }
}

/// A unix socket on which a daemon answers: one request a connection.
struct Door {
  let path: String

  struct Answer: CustomStringConvertible {
    var status: Int
    /// In small letters.
    var head: String
    var body: String

    var description: String { head + "\n\n" + body }
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  final class Connection {
    private let descriptor: Int32

    init(_ path: String) throws {
      descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var time = timeval(tv_sec: 30, tv_usec: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      let length = socklen_t(MemoryLayout<sockaddr_un>.size)
      let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
      }
      guard status == 0 else { throw Failure(description: "connect: \(Errno.last.text)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try SystemCall.writeFully(Array(text.utf8), to: descriptor) }

    /// Some bytes; none at the end.
    func receive() throws -> String {
      var block = [UInt8](repeating: 0, count: 1 << 16)
      let count = try block.withUnsafeMutableBytes { try SystemCall.read(descriptor, into: $0) }
      return String(decoding: block[..<count], as: UTF8.self)
    }
  }

  func get(_ target: String) throws -> Answer {
    let connection = try Connection(path)
    try connection.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    var text = ""
    while true {
      let more = try connection.receive()
      if more.isEmpty { break }
      text += more
    }
    let parts = text.components(separatedBy: "\r\n\r\n")
    guard let status = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw Failure(description: "no answer: \(text)")
    }
    return Answer(status: status, head: parts[0].lowercased(), body: parts.dropFirst().joined(separator: "\r\n\r\n"))
  }
}
