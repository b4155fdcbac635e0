import CohortSystem
import CohortTesting
import Foundation

/// A `cohortd` that listens on a TCP port of its own, and what a client says to it.
final class DoorProcess {
  static let writing = "write-0123456789abcdef0123456789abcdef"
  static let reading = "read-0123456789abcdef0123456789abcdef"

  let port: Int
  private let program: Program
  private let options: [String]
  private(set) var daemon: DaemonProcess

  /// Starts the daemon on a store in the folder of `program`, and waits until it answers.
  init(_ program: Program, store: String = "cohort", _ options: String...) throws {
    self.program = program
    port = try Self.freePort()
    try program.write("write \(Self.writing)\nread \(Self.reading)\n", to: "tokens")
    chmod(program.folder.appendingPathComponent("tokens").path, 0o600)
    self.options =
      ["--store", store, "--listen", "127.0.0.1:\(port)", "--token-file", "tokens"] + options
    daemon = try DaemonProcess(program, self.options, waitingFor: nil)
    try waitUntilReady()
  }

  var pid: Int32 { daemon.process.processIdentifier }
  var base: String { "/v1/stores/cohort" }

  /// Starts it again, on the same port, after its end.
  func restart() throws {
    daemon = try DaemonProcess(program, options, waitingFor: nil)
    try waitUntilReady()
  }

  private func waitUntilReady() throws {
    try daemon.wait("an answer of /readyz") {
      guard daemon.process.isRunning else { throw Program.Unusable(text: "it ended\n\(daemon.log)") }
      return (try? ask("GET", "/readyz", token: nil).status) == 200
    }
  }

  /// One request on a connection of its own.
  func ask(
    _ method: String, _ path: String, body: String? = nil, type: String = "application/json",
    headers: [String: String] = [:], token: String? = DoorProcess.writing, seconds: Double = 60
  ) throws -> RawAnswer {
    let connection = try RawConnection(port: port)
    defer { connection.hangUp() }
    connection.send(
      request(method, path, body: body.map { Array($0.utf8) }, type: type, headers: headers, token: token))
    guard let answer = connection.answer(seconds: seconds, to: method) else {
      throw RawConnection.Failed(
        description: "\(method) \(path): no answer, \(connection.isEnded ? "ended" : "open") after"
          + " \(connection.received.count) bytes")
    }
    return answer
  }

  /// The bytes of a request in order.
  func request(
    _ method: String, _ path: String, body: [UInt8]? = nil, type: String = "application/json",
    headers: [String: String] = [:], token: String? = DoorProcess.writing
  ) -> [UInt8] {
    var fields = ["Host": "127.0.0.1:\(port)"]
    if let token { fields["Authorization"] = "Bearer \(token)" }
    if let body {
      fields["Content-Type"] = type
      fields["Content-Length"] = "\(body.count)"
    }
    fields.merge(headers) { $1 }
    let lines = fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
    return Array("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n".utf8) + (body ?? [])
  }

  /// Descriptors that the daemon's processes have open, and how many of them are sockets: files the daemon opens by itself,
  /// when it first needs them. Nil where the system does not tell.
  var descriptors: (all: Int, sockets: Int)? {
    var (all, sockets) = (0, 0)
    for id in Self.processes(from: pid) {
      guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd") else { return nil }
      all += names.count
      sockets += names.count { name in
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/fd/\(name)")
        return target?.hasPrefix("socket:") == true
      }
    }
    return (all, sockets)
  }

  /// Whether the clients that came since have left nothing behind. Waits a moment for the last ones to be gone.
  func isBack(to before: (all: Int, sockets: Int)?, seconds: Double = 10) -> Bool {
    guard let before else { return true }
    let isBack = isReached(within: seconds, every: 0.02) {
      descriptors.map { $0.sockets <= before.sockets && $0.all <= before.all + 16 } ?? false
    }
    if !isBack { print("descriptors: \(before) before, \(descriptors ?? (0, 0)) after") }
    return isBack
  }

  /// Memory of its own in MiB: mapped files, which the system takes back at will, do not count.
  var memory: Double? {
    var sum = 0.0
    for id in Self.processes(from: pid) {
      guard let status = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8),
        let line = status.split(separator: "\n").first(where: { $0.hasPrefix("RssAnon:") }),
        let kilobytes = line.split(separator: " ").compactMap({ Double($0) }).first
      else { return nil }
      sum += kilobytes / 1024
    }
    return sum
  }

  private static func processes(from pid: Int32) -> [Int32] {
    let children = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
    return [pid]
      + children.flatMap { thread in
        let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { Int32($0) }
      }
  }

  /// A port that was free a moment ago.
  private static func freePort() throws -> Int {
    let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(probe) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(probe, $0, length) == 0 && getsockname(probe, $0, &length) == 0
      }
    }
    guard isBound else { throw Program.Unusable(text: "no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
