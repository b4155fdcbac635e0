/// Stream sockets in the file system, for processes of one machine.
public enum UnixSocket {
  /// Makes a socket at a path that others can connect to, readable and writable for its owner only.
  /// - Returns: a descriptor that listens; the caller closes it and removes the file.
  public static func listen(at path: String, backlog: Int32 = 128) throws(Errno) -> Int32 {
    let (descriptor, folder) = try make(path)
    defer { SystemCall.close(folder) }
    do throws(Errno) {
      try withAddress(path, folder) { address, size throws(Errno) in
        guard bind(descriptor, address, size) == 0 else { throw .last }
      }
      guard chmod(path, 0o600) == 0, callListen(descriptor, backlog) == 0 else { throw .last }
    } catch {
      SystemCall.close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Connects to the socket at a path.
  /// - Returns: a descriptor that the caller closes.
  public static func connect(to path: String) throws(Errno) -> Int32 {
    let (descriptor, folder) = try make(path)
    defer { SystemCall.close(folder) }
    do throws(Errno) {
      try withAddress(path, folder) { address, size throws(Errno) in
        while callConnect(descriptor, address, size) != 0 {
          guard errno == EINTR else { throw .last }
        }
      }
    } catch {
      SystemCall.close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Takes the next connection; waits for one.
  public static func accept(_ descriptor: Int32) throws(Errno) -> Int32 {
    while true {
      let connection = callAccept(descriptor)
      if connection >= 0 { _ = fcntl(connection, F_SETFD, FD_CLOEXEC) }
      if connection >= 0 { return connection }
      guard errno == EINTR || errno == ECONNABORTED else { throw .last }
    }
  }

  /// Who is at the other end of a connection: the user, and the process where the system tells.
  public static func peer(of connection: Int32) throws(Errno) -> (user: uid_t, process: pid_t?) {
    #if os(Linux)
      // struct ucred, which Swift does not see: int32 process | uint32 user | uint32 group.
      var credentials: [UInt32] = [0, 0, 0]
      var size = socklen_t(12)
      guard getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { throw .last }
      return (credentials[1], pid_t(bitPattern: credentials[0]))
    #else
      var (user, group) = (uid_t(), gid_t())
      guard getpeereid(connection, &user, &group) == 0 else { throw .last }
      return (user, nil)
    #endif
  }

  // MARK: Addresses

  private static func make(_ path: String) throws(Errno) -> (socket: Int32, folder: Int32) {
    let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let folder = try SystemCall.open(parent.isEmpty ? "/" : parent, O_RDONLY | O_DIRECTORY)
    #if os(Linux)
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    #else
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
      if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    #endif
    guard descriptor >= 0 else {
      let reason = Errno.last
      SystemCall.close(folder)
      throw reason
    }
    return (descriptor, folder)
  }

  /// An address has room for about a hundred bytes. Where a path has more, Linux reaches its folder by the descriptor.
  private static func withAddress(
    _ path: String, _ folder: Int32, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(Errno) -> Void
  ) throws(Errno) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    var name = Array(path.utf8)
    #if os(Linux)
      if name.count >= room {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        name = Array("/proc/self/fd/\(folder)/\(file)".utf8)
      }
    #endif
    guard name.count < room else { throw Errno(ENAMETOOLONG) }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let result: Errno? = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        do throws(Errno) {
          try body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
          return nil
        } catch {
          return error
        }
      }
    }
    if let result { throw result }
  }
}

// The C library's calls whose names the functions above hide.

private func callListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }
private func callConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
  connect(descriptor, address, size)
}
private func callAccept(_ descriptor: Int32) -> Int32 { accept(descriptor, nil, nil) }
