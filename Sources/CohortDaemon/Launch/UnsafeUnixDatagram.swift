import CohortSystem

/// Messages to a unix socket: the one place that fills in its address.
enum UnsafeUnixDatagram {
  /// Sends one message.
  /// - Parameter path: of the socket; `@` at the start means a name without a file.
  /// - Throws: `ENAMETOOLONG` for a path that no address holds, and what the system says.
  static func send(_ bytes: [UInt8], to path: String) throws(Errno) {
    #if canImport(Glibc)
      let kind = Int32(SOCK_DGRAM.rawValue)
    #else
      let kind = Int32(SOCK_DGRAM)
    #endif
    var name = Array(path.utf8)
    if name.first == UInt8(ascii: "@") { name[0] = 0 }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Errno(ENAMETOOLONG) }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    // A path ends with its zero; a name without a file is all bytes that are counted.
    let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    let length = start + name.count + (name.first == 0 ? 0 : 1)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { throw .last }
    defer { SystemCall.close(descriptor) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let sent = withUnsafePointer(to: address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bytes.withUnsafeBytes { sendto(descriptor, $0.baseAddress, $0.count, 0, address, socklen_t(length)) }
      }
    }
    guard sent == bytes.count else { throw .last }
  }

  /// The family of a socket that listens; nil for a descriptor that does not.
  static func familyOfListener(_ descriptor: Int32) -> Int32? {
    var isListening: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening != 0 else {
      return nil
    }
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return result == 0 ? Int32(address.ss_family) : nil
  }
}
