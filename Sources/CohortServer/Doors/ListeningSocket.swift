internal import CohortCore
internal import CohortSystem

/// A socket that listens, made before the network's threads know of it: whoever starts a server learns at once whether
/// the address can be had.
struct ListeningSocket: Sendable {
  let descriptor: Int32
  let kind: DoorKind
  /// As people write it.
  let name: String
  /// The socket's file and which one it is, to remove it at the end and no other.
  var file: (path: String, device: UInt64, inode: UInt64)?

  private static let backlog: Int32 = 256

  // MARK: Unix sockets

  /// Listens at a path that only this user can reach.
  /// - Throws: `server.socket-in-use` when somebody answers there already, `server.address`, `server.listen`.
  static func local(at path: String) throws(CohortError) -> ListeningSocket {
    guard !path.utf8.contains(0), !path.isEmpty else {
      throw CohortError(.serverAddress, "This is not the path of a socket", place: path)
    }
    try prepareFolder(of: path)
    try removeStale(path)
    do throws(Errno) {
      let descriptor = try UnixSocket.listen(at: path, backlog: backlog)
      let status = try SystemCall.linkStatus(of: path)
      return ListeningSocket(
        descriptor: descriptor, kind: .local, name: "unix:\(path)", file: (path, status.device, status.inode))
    } catch {
      throw CohortError(.serverListen, "The socket cannot be made", place: path, cause: error.text)
    }
  }

  /// Makes the folder, closed to others; one that others may write to would let them put their own socket there.
  private static func prepareFolder(of path: String) throws(CohortError) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    do throws(Errno) {
      try SystemCall.makeFolder(folder)
      let status = try SystemCall.status(of: folder)
      guard status.owner == geteuid() || status.owner == 0, status.mode & 0o022 == 0 || status.mode & 0o1000 != 0 else {
        throw Errno(EPERM)
      }
    } catch {
      throw CohortError(
        .serverListen, "The folder of the socket cannot be used", place: folder, cause: error.text,
        hint: error.number == EPERM ? "It must belong to the daemon's user, and nobody else may write there" : nil)
    }
  }

  /// Removes a socket that nobody listens at any more.
  private static func removeStale(_ path: String) throws(CohortError) {
    var raw = stat()
    guard lstat(path, &raw) == 0 else { return }
    guard raw.st_mode & S_IFMT == S_IFSOCK else {
      throw CohortError(.serverListen, "Something that is no socket has the socket's name", place: path)
    }
    do throws(Errno) {
      SystemCall.close(try UnixSocket.connect(to: path))
    } catch {
      guard error.number == ECONNREFUSED || error.number == ENOENT else {
        throw CohortError(.serverSocketInUse, "The socket cannot be tried", place: path, cause: error.text)
      }
      try? SystemCall.remove(path)
      return
    }
    throw CohortError(
      .serverSocketInUse, "Another process listens at the socket", place: path,
      hint: "End that daemon first, or choose another --socket")
  }

  private static func withSocketAddress<Address>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(Errno) -> Void
  ) throws(Errno) {
    let length = socklen_t(MemoryLayout<Address>.size)
    try withUnsafePointer(to: &address) { pointer throws(Errno) in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer throws(Errno) in
        try body(pointer, length)
      }
    }
  }

  private static func open(_ family: Int32, _ place: String) throws(CohortError) -> Int32 {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else {
      throw CohortError(.serverListen, "The system gave no socket", place: place, cause: Errno.last.text)
    }
    return descriptor
  }

  // MARK: TCP

  /// Listens at an address of the loopback interface.
  /// - Throws: `server.listen`.
  static func network(at address: TCPAddress) throws(CohortError) -> ListeningSocket {
    let isSix = address.host.contains(":")
    let descriptor = try open(isSix ? AF_INET6 : AF_INET, address.description)
    do throws(Errno) {
      var yes: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
      let bound = { (address: UnsafePointer<sockaddr>, length: socklen_t) throws(Errno) -> Void in
        guard Glibc.bind(descriptor, address, length) == 0 else { throw .last }
      }
      if isSix {
        setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var raw = sockaddr_in6()
        raw.sin6_family = sa_family_t(AF_INET6)
        raw.sin6_port = address.port.bigEndian
        guard inet_pton(AF_INET6, address.host, &raw.sin6_addr) == 1 else { throw Errno(EINVAL) }
        try withSocketAddress(&raw, bound)
      } else {
        var raw = sockaddr_in()
        raw.sin_family = sa_family_t(AF_INET)
        raw.sin_port = address.port.bigEndian
        guard inet_pton(AF_INET, address.host, &raw.sin_addr) == 1 else { throw Errno(EINVAL) }
        try withSocketAddress(&raw, bound)
      }
      guard Glibc.listen(descriptor, backlog) == 0 else { throw .last }
      let port = try port(of: descriptor)
      return ListeningSocket(
        descriptor: descriptor, kind: .network, name: isSix ? "[\(address.host)]:\(port)" : "\(address.host):\(port)")
    } catch {
      SystemCall.close(descriptor)
      throw CohortError(
        .serverListen, "The address cannot be had", place: address.description, cause: error.text,
        hint: error.number == EADDRINUSE ? "Another program listens there: choose another port" : nil)
    }
  }

  // MARK: Sockets of somebody else

  /// A socket that a service manager opened.
  /// - Throws: `server.address` for a descriptor that is no socket that listens.
  static func inherited(_ descriptor: Int32) throws(CohortError) -> ListeningSocket {
    var raw = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var listens: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    let status = withUnsafeMutablePointer(to: &raw) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard status == 0, getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0, listens != 0 else {
      throw CohortError(
        .serverAddress, "An inherited descriptor is no socket that listens", place: "descriptor \(descriptor)",
        hint: "In the unit: ListenStream=, Accept=no")
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    switch Int32(raw.ss_family) {
    case AF_UNIX:
      return ListeningSocket(descriptor: descriptor, kind: .local, name: "unix:inherited descriptor \(descriptor)")
    case AF_INET, AF_INET6:
      let port = (try? port(of: descriptor)) ?? 0
      return ListeningSocket(descriptor: descriptor, kind: .network, name: "inherited descriptor \(descriptor):\(port)")
    default:
      throw CohortError(
        .serverAddress, "An inherited socket is of no kind that is served", place: "descriptor \(descriptor)")
    }
  }

  private static func port(of descriptor: Int32) throws(Errno) -> UInt16 {
    var raw = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &raw) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard status == 0 else { throw .last }
    // Both kinds of addresses have the port at the same place.
    return withUnsafeBytes(of: &raw) { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) }
  }

  // MARK: The end

  /// Removes the socket's file if it is still this one.
  func removeFile() {
    guard let file, let status = try? SystemCall.linkStatus(of: file.path) else { return }
    if status.device == file.device, status.inode == file.inode { try? SystemCall.remove(file.path) }
  }
}
