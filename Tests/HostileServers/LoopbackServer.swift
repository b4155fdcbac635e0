package import Foundation
internal import CohortSystem
internal import Synchronization

/// What came over a socket.
package struct ReceivedRequest: Sendable {
  package let method: String
  package let path: String
  package let headers: [String: String]
  package let body: Data

  package init(method: String, path: String, headers: [String: String], body: Data) {
    self.method = method
    self.path = path
    self.headers = headers
    self.body = body
  }

  /// The texts of a question in any of the three interfaces.
  package var texts: [String] {
    let object = (try? JSONSerialization.jsonObject(with: body)) as? [String: Any]
    return (object?["input"] ?? object?["inputs"]) as? [String] ?? []
  }

  package func field(_ name: String) -> Any? {
    ((try? JSONSerialization.jsonObject(with: body)) as? [String: Any])?[name]
  }
}

/// What goes back, byte by byte under the control of a test.
package indirect enum Reply: Sendable {
  /// A whole answer; the connection stays open.
  case answer(Int, [String: String], Data)
  /// These bytes, and then the end of the connection.
  case bytes(Data)
  /// The head of an answer, and then a byte now and then until the client has enough.
  case drip(Data)
  /// Another reply, after so many seconds.
  case late(Double, Reply)

  package static func json(_ object: Any, status: Int = 200, headers: [String: String] = [:]) -> Reply {
    let data = (try? JSONSerialization.data(withJSONObject: object, options: [.fragmentsAllowed])) ?? Data()
    return .answer(status, headers.merging(["Content-Type": "application/json"]) { $1 }, data)
  }

  package static func text(_ text: String, status: Int = 200, headers: [String: String] = [:]) -> Reply {
    .answer(status, headers, Data(text.utf8))
  }
}

/// An HTTP server on plain sockets, a thread a connection: real bytes, and every way to get them wrong.
package final class LoopbackServer: Sendable {
  package let port: Int
  private let listener: Int32
  private let respond: @Sendable (ReceivedRequest) -> Reply
  private let state = Mutex(State())

  private struct State {
    var requests: [ReceivedRequest] = []
    var connections: Set<Int32> = []
    var isClosed = false
  }

  package struct Unusable: Error {}

  package init(_ respond: @escaping @Sendable (ReceivedRequest) -> Reply) throws {
    // A client that gives up is no reason to die.
    signal(SIGPIPE, SIG_IGN)
    self.respond = respond
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard bound else { throw Unusable() }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else {
          // Here, where nobody waits at it any more: its number may be another server's at once.
          close(listener)
          return
        }
        guard let self, self.keep(connection) else {
          close(connection)
          return
        }
        Thread.detachNewThread { self.serve(connection) }
      }
    }
  }

  package var url: String { "http://127.0.0.1:\(port)" }
  package var requests: [ReceivedRequest] { state.withLock { $0.requests } }

  /// Ends the server and all its connections.
  package func stop() {
    let connections = state.withLock { state -> Set<Int32>? in
      defer { state.isClosed = true }
      return state.isClosed ? nil : state.connections
    }
    guard let connections else { return }
    shutdown(listener, Int32(SHUT_RDWR))
    for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
  }

  private func keep(_ connection: Int32) -> Bool {
    state.withLock { state in
      guard !state.isClosed else { return false }
      state.connections.insert(connection)
      return true
    }
  }

  private func serve(_ connection: Int32) {
    defer {
      _ = state.withLock { $0.connections.remove(connection) }
      close(connection)
    }
    var pending = Data()
    while let request = Self.receive(connection, &pending) {
      state.withLock { $0.requests.append(request) }
      guard Self.send(connection, respond(request)) else { return }
    }
  }

  /// - Returns: whether the connection stays open.
  private static func send(_ connection: Int32, _ reply: Reply) -> Bool {
    switch reply {
    case .answer(let status, let headers, let body):
      var head = "HTTP/1.1 \(status) Status\r\nContent-Length: \(body.count)\r\n"
      for (name, value) in headers { head += "\(name): \(value)\r\n" }
      return send(connection, Data((head + "\r\n").utf8) + body)
    case .bytes(let data):
      _ = send(connection, data)
    case .drip(let data):
      guard send(connection, data) else { return false }
      while send(connection, Data(" ".utf8)) { usleep(20_000) }
    case .late(let seconds, let reply):
      usleep(UInt32(seconds * 1e6))
      return send(connection, reply)
    }
    return false
  }

  private static func receive(_ connection: Int32, _ pending: inout Data) -> ReceivedRequest? {
    let separator = Data("\r\n\r\n".utf8)
    while true {
      if let end = pending.range(of: separator) {
        let lines = String(decoding: pending[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          guard let colon = line.firstIndex(of: ":") else { continue }
          headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        if pending.distance(from: end.upperBound, to: pending.endIndex) >= length {
          let stop = pending.index(end.upperBound, offsetBy: length)
          let words = (lines.first ?? "").split(separator: " ")
          let request = ReceivedRequest(
            method: words.first.map(String.init) ?? "", path: words.dropFirst().first.map(String.init) ?? "",
            headers: headers, body: Data(pending[end.upperBound..<stop]))
          pending = Data(pending[stop...])
          return request
        }
      }
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      pending.append(contentsOf: buffer[..<count])
    }
  }

  private static func send(_ connection: Int32, _ data: Data) -> Bool {
    let bytes = [UInt8](data)
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { write(connection, $0.baseAddress.map { $0 + offset }, bytes.count - offset) }
      guard count > 0 else { return false }
      offset += count
    }
    return true
  }
}
