import CohortActions
import CohortCore
import CohortServer
import CohortSystem
import CohortTesting
import Foundation
import Logging

/// A server for a test, with a Unix socket and a TCP port, and a store.
final class ServerFixture: Sendable {
  static let writeToken = "write-token-0123456789abcdef"
  static let readToken = "read-token-0123456789abcdef"

  let server: Server
  let host: TestHost
  let socket: String
  let port: UInt16
  let logged: LoggedLines
  private let folder: TemporaryFolder

  init(
    samples: Int = 0, verbs: [Verb] = VerbRegistry.verbs, routes: [Route] = [],
    _ change: (inout Limits) -> Void = { _ in }
  ) throws {
    folder = try TemporaryFolder()
    host = try TestHost("news", samples: samples)
    socket = folder.file("run/s")
    let tokens = try folder.write("tokens", "# door\nwrite \(Self.writeToken)\nread \(Self.readToken)\n")
    chmod(tokens, 0o600)
    var limits = Limits()
    limits.lingerSeconds = 0.5
    change(&limits)
    let logged = LoggedLines()
    self.logged = logged
    var log = Logger(label: "test") { _ in LineHandler(lines: logged) }
    log.logLevel = .debug
    let doors = Doors(socket: socket, listen: [try TCPAddress(parsing: "127.0.0.1:0")], tokenFile: tokens)
    server = try Server(hosts: [host], doors: doors, limits: limits, verbs: verbs, routes: routes, log: log)
    let addresses = try server.start()
    port = addresses.last.flatMap { $0.split(separator: ":").last }.flatMap { UInt16($0) } ?? 0
  }

  deinit { server.stop(within: 3) }

  var tokenFile: String { folder.file("tokens") }

  /// A client over the Unix socket.
  func client(seconds: Double = 120) throws -> RawClient { try RawClient(unix: socket, seconds: seconds) }

  /// A client over TCP.
  func networkClient(seconds: Double = 120, receiveBuffer: Int32? = nil) throws -> RawClient {
    try RawClient(port: port, seconds: seconds, receiveBuffer: receiveBuffer)
  }

  /// One request on a connection of its own over the Unix socket.
  func ask(
    _ method: String, _ path: String, body: String? = nil, _ headers: String...
  ) throws -> RawAnswer {
    var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + headers
    if let body {
      if !headers.contains(where: { $0.lowercased().hasPrefix("content-type") }) {
        lines.append("Content-Type: application/json")
      }
      lines.append("Content-Length: \(body.utf8.count)")
    }
    return try client().ask(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
  }
}

/// Runs a test that blocks on a thread of its own: the server's tasks need Swift's threads.
func blocking(_ body: @escaping @Sendable () throws -> Void) async throws {
  try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
    do throws(CohortError) {
      _ = try WorkThread { continuation.resume(with: Result { try body() }) }
    } catch {
      continuation.resume(throwing: error)
    }
  }
}

/// What a server has logged.
final class LoggedLines: Sendable {
  private let lines = Locked<[String]>([])

  func add(_ line: String) { lines.withLock { $0.append(line) } }

  var text: String { lines.withLock { $0.joined(separator: "\n") } }
}

private struct LineHandler: LogHandler {
  let lines: LoggedLines
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.debug

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    lines.add("\(event.level) \(event.message) \(event.metadata ?? [:])")
  }
}
