internal import CohortSystem
internal import NIOCore

/// Tells whose process is at the other end of a Unix socket.
enum PeerCheck {
  /// What the kernel says of the process that connected.
  private struct Credentials: Sendable {
    var process: Int32 = 0
    var user: UInt32 = .max
    var group: UInt32 = .max
  }

  /// Whether it runs as this user, or as the one who may do everything.
  static func isFriend(_ channel: any Channel) -> EventLoopFuture<Bool> {
    guard let options = channel as? any SocketOptionProvider else {
      return channel.eventLoop.makeSucceededFuture(false)
    }
    let credentials: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
      level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET), name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
    return credentials.map { $0.user == geteuid() || $0.user == 0 }.recover { _ in false }
  }
}
