import CohortSystem
import Foundation

/// What came back for one request, byte by byte.
struct RawAnswer {
  var version = ""
  var status = 0
  var headers: [String: String] = [:]
  var body: [UInt8] = []
  /// Whether the body ended as its head said.
  var isComplete = true

  var text: String { String(decoding: body, as: UTF8.self) }

  var object: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:] }

  var rows: [[String: Any]] { (try? JSONSerialization.jsonObject(with: Data(body))) as? [[String: Any]] ?? [] }

  /// The code of a problem document; nil for anything else.
  var code: String? {
    headers["content-type"] == "application/problem+json" ? object["code"] as? String : nil
  }
}

/// A client on a plain socket, which says exactly what a test wants it to say.
final class RawClient {
  let descriptor: Int32
  private var buffer: [UInt8] = []

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  init(unix path: String, seconds: Double = 120) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    try connect(&address, seconds)
  }

  init(port: UInt16, seconds: Double = 120, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    try connect(&address, seconds)
  }

  private func connect<Address>(_ address: inout Address, _ seconds: Double) throws {
    var time = timeval(tv_sec: Int(seconds), tv_usec: Int((seconds - seconds.rounded(.down)) * 1e6))
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    let length = socklen_t(MemoryLayout<Address>.size)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
    }
    guard status == 0 else { throw Failure(description: "connect: \(Errno.last.text)") }
  }

  deinit { close(descriptor) }

  // MARK: Saying

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw Failure(description: "send: \(Errno.last.text)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Says that nothing more comes.
  func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

  // MARK: Hearing

  /// Some bytes; none at the end of the connection.
  private func receive() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    if count < 0, errno == ECONNRESET { return [] }
    guard count >= 0 else { throw Failure(description: "recv: \(Errno.last.text)") }
    return Array(bytes[..<count])
  }

  private func fill() throws -> Bool {
    let bytes = try receive()
    buffer += bytes
    return !bytes.isEmpty
  }

  private func line() throws -> String? {
    while true {
      if let end = buffer.firstIndex(of: 0x0a) {
        defer { buffer.removeFirst(end + 1) }
        return String(decoding: buffer[..<end].filter { $0 != 0x0d }, as: UTF8.self)
      }
      guard try fill() else { return nil }
    }
  }

  /// The next line of a stream; nil at the end.
  func nextLine() throws -> String? { try line() }

  /// Everything up to the end of the connection.
  func rest() throws -> [UInt8] {
    while try fill() {}
    defer { buffer = [] }
    return buffer
  }

  /// Whether the server has closed the connection; waits for it.
  func isClosed() throws -> Bool { try buffer.isEmpty && receive().isEmpty }

  /// The head of the next answer; nil when the connection ended.
  func head() throws -> RawAnswer? {
    guard let first = try line() else { return nil }
    let words = first.split(separator: " ", maxSplits: 2)
    guard words.count >= 2, let status = Int(words[1]) else { throw Failure(description: "no status line: \(first)") }
    var answer = RawAnswer()
    (answer.version, answer.status) = (String(words[0]), status)
    while let text = try line(), !text.isEmpty {
      let colon = text.firstIndex(of: ":") ?? text.endIndex
      answer.headers[text[..<colon].lowercased()] = String(text[colon...].dropFirst().drop { $0 == " " })
    }
    return answer
  }

  /// The next answer.
  func answer(isHead: Bool = false) throws -> RawAnswer {
    guard var answer = try head() else { throw Failure(description: "the connection ended") }
    if isHead || answer.status < 200 || answer.status == 204 { return answer }
    if let length = answer.headers["content-length"].flatMap({ Int($0) }) {
      while buffer.count < length, try fill() {}
      answer.isComplete = buffer.count >= length
      answer.body = Array(buffer.prefix(length))
      buffer.removeFirst(answer.body.count)
    } else if answer.headers["transfer-encoding"] == "chunked" {
      while true {
        guard let size = try line().flatMap({ Int($0, radix: 16) }) else {
          answer.isComplete = false
          return answer
        }
        while buffer.count < size + 2, try fill() {}
        guard buffer.count >= size + 2 else {
          answer.isComplete = false
          return answer
        }
        answer.body += buffer.prefix(size)
        buffer.removeFirst(size + 2)
        if size == 0 { return answer }
      }
    } else {
      answer.body = try rest()
    }
    return answer
  }

  /// Asks and hears.
  func ask(_ request: String) throws -> RawAnswer {
    try send(request)
    return try answer(isHead: request.hasPrefix("HEAD "))
  }
}
