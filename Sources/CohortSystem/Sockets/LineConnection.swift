/// A connection on which both sides send short lines. Used by one thread at a time.
public final class LineConnection {
  /// Longer lines are no lines of ours.
  private static let longest = 1024

  private let descriptor: Int32
  private var bytes: [UInt8] = []

  /// Takes the descriptor over.
  public init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { SystemCall.close(descriptor) }

  /// Sends a line.
  public func send(_ line: String) throws(Errno) {
    var rest = Array("\(line)\n".utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { callSend(descriptor, $0) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        throw .last
      }
    }
  }

  /// The next line; nil when the other side has ended.
  /// - Parameter seconds: to wait at most; nil for as long as it takes.
  /// - Throws: `ETIMEDOUT`, and `EPROTO` for what is no line.
  public func receive(seconds: Double? = nil) throws(Errno) -> String? {
    let end = seconds.map { SystemClock.steady + Int64($0 * 1e9) }
    while true {
      if let index = bytes.firstIndex(of: 0x0a) {
        guard let line = String(validating: bytes[..<index], as: UTF8.self) else { throw Errno(EPROTO) }
        bytes.removeSubrange(...index)
        return line
      }
      guard bytes.count <= Self.longest else { throw Errno(EPROTO) }
      if let end {
        let left = max(end - SystemClock.steady, 0)
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let status = poll(&waiting, 1, Int32(min(left / 1_000_000 + 1, 1 << 30)))
        if status < 0, errno == EINTR { continue }
        guard status != 0 else {
          if left > 0 { continue }
          throw Errno(ETIMEDOUT)
        }
      }
      let (count, block) = try read()
      if count == 0 { return nil }
      bytes += block
    }
  }

  /// Whether the other side has ended, or has sent something.
  public var hasNews: Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&waiting, 1, 0) > 0
  }

  /// Ends both directions, so that a thread that waits on the connection goes on.
  public func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

  private func read() throws(Errno) -> (Int, ArraySlice<UInt8>) {
    var block = [UInt8](repeating: 0, count: 512)
    var result: Result<Int, Errno> = .success(0)
    block.withUnsafeMutableBytes { buffer in
      do throws(Errno) { result = .success(try SystemCall.read(descriptor, into: buffer)) } catch {
        // Ended by force: ended all the same.
        result = error.number == ECONNRESET ? .success(0) : .failure(error)
      }
    }
    let count = try result.get()
    return (count, block[..<count])
  }
}

private func callSend(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  #if os(Linux)
    send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
  #else
    send(descriptor, bytes.baseAddress, bytes.count, 0)
  #endif
}
