import CohortSystem
import Foundation

/// A TCP connection to this machine on which a test says whatever it likes, and hears whatever comes.
final class RawConnection {
  struct Failed: Error, CustomStringConvertible {
    let description: String
  }

  private(set) var received: [UInt8] = []
  /// Whether the other side has ended its half, or all of it.
  private(set) var isEnded = false
  private var descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failed(description: "socket: \(String(cString: strerror(errno)))") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let descriptor = descriptor
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      self.descriptor = -1
      throw Failed(description: "connect to port \(port): \(reason)")
    }
  }

  deinit { hangUp() }

  /// Sends bytes. - Returns: false when the other side takes no more, or not within 10 s.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&waiting, 1, 10_000) > 0 else { return false }
      let count = bytes[sent...].withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count < 0 && errno == EAGAIN { continue }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Ends this side's half: nothing more will be sent, answers are still heard.
  func halfClose() { shutdown(descriptor, Int32(SHUT_WR)) }

  func hangUp() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  /// Ends the connection by a reset, as a client that crashes does.
  func reset() {
    var lingering = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
    hangUp()
  }

  /// Hears until something holds, the other side ends, or the time is up.
  func listen(seconds: Double, until isEnough: ([UInt8]) -> Bool = { _ in false }) {
    let end = Date().addingTimeInterval(seconds)
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while !isEnded && !isEnough(received) {
      let left = end.timeIntervalSinceNow
      guard left > 0 else { return }
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, Int32(min(left * 1000 + 1, 1000))) > 0 else { continue }
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count > 0 {
        received += chunk[..<count]
      } else if count == 0 || errno != EINTR {
        isEnded = true
      }
    }
  }

  /// The next whole answer, taken out of what was received. Nil: none came within the time.
  func answer(seconds: Double = 10, to method: String = "GET") -> RawAnswer? {
    var found: (RawAnswer, Int)?
    listen(seconds: seconds) { bytes in
      found = RawAnswer.parse(bytes, method: method, isEnded: false)
      return found != nil
    }
    if found == nil { found = RawAnswer.parse(received, method: method, isEnded: isEnded) }
    guard let (answer, length) = found else { return nil }
    received.removeFirst(length)
    return answer
  }
}

/// An answer as it came over the wire.
struct RawAnswer {
  let status: Int
  /// Names in lower case.
  let headers: [String: String]
  let body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  func json() throws -> Any {
    try JSONSerialization.jsonObject(with: Data(body), options: [.fragmentsAllowed])
  }

  /// Body as one object.
  func object() throws -> [String: Any] {
    guard let object = try json() as? [String: Any] else { throw Program.Unusable(text: text) }
    return object
  }

  /// Reads one answer from the beginning of some bytes; interim answers before it are skipped.
  /// - Parameter isEnded: whether no more bytes will come; an answer without a length ends there.
  /// - Returns: the answer and the bytes it took, or nil when it is not whole.
  static func parse(_ bytes: [UInt8], method: String, isEnded: Bool) -> (RawAnswer, Int)? {
    var place = 0
    while true {
      guard let end = find([13, 10, 13, 10], in: bytes, from: place) else { return nil }
      let head = String(decoding: bytes[place..<end], as: UTF8.self).components(separatedBy: "\r\n")
      place = end + 4
      let words = head[0].split(separator: " ", maxSplits: 2)
      guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
      if (100..<200).contains(status) { continue }
      var headers: [String: String] = [:]
      for line in head.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { continue }
        let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        headers[line[..<colon].lowercased()] = value
      }
      guard let (body, next) = Self.body(bytes, from: place, status, headers, method: method, isEnded: isEnded) else {
        return nil
      }
      return (RawAnswer(status: status, headers: headers, body: body), next)
    }
  }

  private static func body(
    _ bytes: [UInt8], from start: Int, _ status: Int, _ headers: [String: String], method: String, isEnded: Bool
  ) -> ([UInt8], Int)? {
    if method == "HEAD" || status == 204 || status == 304 { return ([], start) }
    if headers["transfer-encoding"]?.lowercased().contains("chunked") == true {
      var (body, place) = ([UInt8](), start)
      while true {
        guard let end = find([13, 10], in: bytes, from: place) else { return nil }
        let line = String(decoding: bytes[place..<end], as: UTF8.self)
        guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else { return nil }
        let next = end + 2 + size
        guard bytes.count >= next + 2 else { return nil }
        body += bytes[(end + 2)..<next]
        place = next + 2
        // Our servers send no trailers.
        if size == 0 { return (body, place) }
      }
    }
    if let length = headers["content-length"].flatMap({ Int($0) }) {
      return bytes.count < start + length ? nil : (Array(bytes[start..<(start + length)]), start + length)
    }
    return isEnded ? (Array(bytes[start...]), bytes.count) : nil
  }

  private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard start + needle.count <= bytes.count else { return nil }
    return (start...(bytes.count - needle.count)).first { bytes[$0..<($0 + needle.count)].elementsEqual(needle) }
  }
}
