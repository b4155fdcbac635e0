internal import CohortCore
internal import CohortSystem
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore

/// The body of a request, piece by piece, as fast as it is taken: who does not take the next piece makes the client wait.
///
/// A client that asked whether to send it at all (`Expect: 100-continue`) is told so with the first piece that is asked for.
/// One that breaks off, breaks the rules or makes too long a pause is an error, never an end.
public struct RequestContent: AsyncSequence, Sendable {
  public typealias Element = [UInt8]

  private struct State {
    var hasBegun = false
    var hasEnded = false
  }

  private let body: RequestBody
  private let begin: @Sendable () -> Void
  private let state = Locked(State())

  /// How many bytes the client says that it sends; nil when it does not say.
  public let length: Int?
  /// Whether there is a body at all.
  public let isThere: Bool
  let awaitsContinue: Bool

  init(_ request: Request, begin: @escaping @Sendable () -> Void) {
    body = request.body
    self.begin = begin
    length = request.headers[.contentLength].flatMap { Int($0) }
    isThere = (length ?? 0) > 0 || request.headers.contains(.transferEncoding)
    awaitsContinue = request.headers[.expect] != nil
  }

  /// Whether all of it was taken.
  var isFinished: Bool { !isThere || state.withLock { $0.hasEnded } }

  /// Whether the rest of it is so short that it is sooner thrown away than the connection closed.
  var isShort: Bool { (length ?? .max) <= 64 << 10 && (!awaitsContinue || state.withLock { $0.hasBegun }) }

  public func makeAsyncIterator() -> Iterator { Iterator(content: self) }

  /// Takes one piece after the other.
  public struct Iterator: AsyncIteratorProtocol {
    private let content: RequestContent
    private var inner: RequestBody.AsyncIterator?

    fileprivate init(content: RequestContent) { self.content = content }

    /// The next piece, never empty; nil at the end.
    /// - Throws: `server.truncated-body`, `server.too-slow`, `server.malformed`.
    public mutating func next() async throws -> [UInt8]? {
      guard content.isThere else { return nil }
      if inner == nil {
        let isFirst = content.state.withLock { state in
          defer { state.hasBegun = true }
          return !state.hasBegun
        }
        guard isFirst else { return nil }
        if content.awaitsContinue { content.begin() }
        inner = content.body.makeAsyncIterator()
      }
      do {
        while let buffer = try await inner?.next() {
          if buffer.readableBytes > 0 { return Array(buffer.readableBytesView) }
        }
      } catch {
        throw (error as? ConnectionFault ?? .truncated).error
      }
      content.state.withLock { $0.hasEnded = true }
      return nil
    }
  }

  /// All of it.
  /// - Throws: `server.too-large`, before anything is read where the client says how much it sends.
  /// - Parameter seconds: how long it may take, however steadily it comes.
  func all(limit: Int, seconds: Double) async throws -> [UInt8] {
    guard (length ?? 0) <= limit else { throw Self.tooLarge(limit) }
    let end = SystemClock.steady + Int64(seconds * 1e9)
    var bytes: [UInt8] = []
    for try await piece in self {
      guard SystemClock.steady < end else { throw ConnectionFault.slowBody.error }
      guard bytes.count + piece.count <= limit else { throw Self.tooLarge(limit) }
      bytes += piece
    }
    return bytes
  }

  static func tooLarge(_ limit: Int) -> CohortError {
    CohortError(.serverTooLarge, "The body of the request is larger than \(limit) bytes")
  }
}
