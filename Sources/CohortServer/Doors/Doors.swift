public import CohortCore

/// Where clients come in, and who may.
public struct Doors: Sendable {
  /// A Unix socket for processes of the same user. Its folder is made if it is missing.
  public var socket: String?
  /// TCP addresses of the loopback interface; clients need a token.
  public var listen: [TCPAddress] = []
  /// Sockets that listen already: those of a service manager. Whoever comes over a Unix socket must be the same user, over
  /// TCP have a token.
  public var inherited: [Int32] = []
  /// The tokens for TCP; without them nobody comes in there.
  public var tokenFile: String?
  /// Names that a `Host` header may have beside those of the loopback interface: of a proxy in front.
  public var hosts: [String] = []

  public init(socket: String? = nil, listen: [TCPAddress] = [], tokenFile: String? = nil) {
    self.socket = socket
    self.listen = listen
    self.tokenFile = tokenFile
  }
}

/// An address of the loopback interface with a port: `127.0.0.1:8420`, `[::1]:8420`, `localhost:8420`.
public struct TCPAddress: Hashable, Sendable, CustomStringConvertible {
  /// `127.0.0.1` or any other of 127.0.0.0/8, or `::1`.
  public let host: String
  /// 0: the system chooses one.
  public let port: UInt16

  /// - Throws: `server.address` for anything that is not one, or that others can reach.
  public init(parsing text: String) throws(CohortError) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw CohortError(.serverAddress, "\"\(text)\" is no address", hint: "Write 127.0.0.1:8420 or [::1]:8420")
    }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    if host == "localhost" { host = "127.0.0.1" }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    let isLoopback = host == "::1" || parts.count == 4 && parts[0] == 127 && parts.allSatisfy { $0 != nil }
    guard isLoopback else {
      throw CohortError(
        .serverAddress, "\"\(text)\" is not an address of this machine alone",
        hint: "Listen at 127.0.0.1 and put a proxy with TLS in front")
    }
    self.host = host
    self.port = port
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
