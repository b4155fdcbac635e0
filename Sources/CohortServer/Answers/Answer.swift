public import CohortActions
public import HTTPTypes
internal import HummingbirdCore
internal import NIOCore

/// What goes back to a client.
public struct Answer: Sendable {
  /// Sends the pieces of a body, one after the other.
  public final class Writer {
    private var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    /// Waits while the client takes nothing.
    /// - Throws: when the client is gone, or has taken nothing for too long.
    public func write(_ bytes: [UInt8]) async throws { try await writer.write(ByteBuffer(bytes: bytes)) }

    func finish() async throws { try await writer.finish(nil) }
  }

  enum Body: Sendable {
    case none
    case bytes(ByteBuffer)
    /// What is thrown breaks the answer off, so that the client sees that it is not complete.
    case pipe(AnswerPipe)
    case stream(@Sendable (Writer) async throws -> Void)
  }

  /// The status.
  public var status: HTTPResponse.Status
  /// Without those that say how long the body is.
  public var headers: HTTPFields
  var body: Body

  init(_ status: HTTPResponse.Status, _ headers: HTTPFields, _ body: Body) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// An answer without a body.
  public init(_ status: HTTPResponse.Status, headers: HTTPFields = [:]) { self.init(status, headers, .none) }

  /// An answer that is whole.
  public init(status: HTTPResponse.Status = .ok, type: String, _ bytes: [UInt8], headers: HTTPFields = [:]) {
    self.init(status, headers, .bytes(ByteBuffer(bytes: bytes)))
    self.headers[.contentType] = type
  }

  /// A record as JSON.
  public init(_ record: ReportRecord, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) {
    var bytes: [UInt8] = []
    JSONText.append(record, to: &bytes)
    bytes.append(0x0a)
    self.init(status: status, type: "application/json", bytes, headers: headers)
  }

  /// Records as a JSON array.
  public init(_ records: [ReportRecord]) {
    var bytes: [UInt8] = []
    JSONText.append(.list(records.map { .record($0) }), to: &bytes)
    bytes.append(0x0a)
    self.init(type: "application/json", bytes)
  }

  /// A problem document.
  public init(_ problem: Problem) {
    self.init(status: problem.status, type: Problem.mediaType, problem.bytes, headers: problem.headers)
  }

  /// An answer of unknown length, or one that never ends.
  public init(
    status: HTTPResponse.Status = .ok, type: String, headers: HTTPFields = [:],
    stream: @escaping @Sendable (Writer) async throws -> Void
  ) {
    self.init(status, headers, .stream(stream))
    self.headers[.contentType] = type
  }
}
