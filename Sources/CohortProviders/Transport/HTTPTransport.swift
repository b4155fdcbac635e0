internal import CohortEmbedding
internal import AsyncHTTPClient
internal import CohortCore
internal import Dispatch
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import CohortSystem

/// What a server answered.
struct ServerAnswer: Sendable {
  var status: Int
  var retryAfter: String?
  var location: String?
  var contentType: String?
  var body: [UInt8]
}

/// Why there is no answer.
enum TransportFailure: Error, Sendable {
  /// No connection came about.
  case unreachable(String)
  /// The connection is not trusted; another try would not help.
  case untrusted(String)
  /// The connection broke, or what came over it was not HTTP, or not all of it.
  case broken(String)
  case timeout
  /// The answer is longer than any answer should be.
  case tooLong
  case interrupted
}

/// Sends requests and waits for their answers, on threads that may block. It owns one thread of its own, on which the
/// sockets live; callers wait on a lock, so neither an event loop nor Swift's cooperative pool is ever blocked.
final class HTTPTransport: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let client: HTTPClient
  private let headers: HTTPHeaders
  private let timeout: Double

  /// - Throws: `embedding.certificates` when the file with the certificates cannot be used.
  init(_ configuration: ProviderConfiguration, key: APIKey?) throws {
    var tls = TLSConfiguration.makeClientConfiguration()
    if let path = configuration.certificates {
      do {
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
      } catch {
        throw CohortError(
          .embeddingCertificates, "The file with the trusted certificates cannot be used", place: path,
          cause: Self.words(error), hint: "It must hold certificates in PEM form")
      }
    }
    var settings = HTTPClient.Configuration(
      tlsConfiguration: tls,
      // A redirect could carry the key to another host.
      redirectConfiguration: .disallow,
      timeout: .init(connect: .nanoseconds(Int64(min(configuration.timeout, 10) * 1e9))))
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.concurrency
    settings.connectionPool.retryConnectionEstablishment = false
    settings.httpVersion = .http1Only
    // A loop of the network ends the process where it gets none.
    try OpenFiles.require(8)
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: settings)
    timeout = configuration.timeout
    var headers: HTTPHeaders = [
      "Content-Type": "application/json", "Accept": "application/json", "User-Agent": "cohort",
    ]
    if let key { headers.add(name: "Authorization", value: "Bearer \(key.secret)") }
    self.headers = headers
  }

  deinit {
    try? client.syncShutdown()
    group.shutdownGracefully(queue: .global()) { _ in }
  }

  /// Sends one request.
  /// - Parameters:
  ///   - body: a JSON text to post; nil for a GET.
  ///   - shouldStop: asked several times a second while waiting.
  func send(
    _ url: String, body: [UInt8]?, limit: Int, shouldStop: () -> Bool
  ) throws(TransportFailure) -> ServerAnswer {
    let request: HTTPClient.Request
    do {
      request = try HTTPClient.Request(
        url: url, method: body == nil ? .GET : .POST, headers: headers,
        body: body.map { .byteBuffer(ByteBuffer(bytes: $0)) })
    } catch {
      throw .untrusted("the address cannot be asked")
    }
    let task = client.execute(
      request: request, delegate: ResponseAccumulator(request: request, maxBodySize: limit),
      deadline: .now() + .nanoseconds(Int64(timeout * 1e9)))
    let outcome = Locked<Result<HTTPClient.Response, any Error>?>(nil)
    task.futureResult.whenComplete { result in outcome.change { $0 = result } }
    while true {
      if let result = outcome.wait(seconds: 0.05, { $0 }) {
        do {
          return Self.answer(try result.get())
        } catch {
          throw Self.failure(error)
        }
      }
      if shouldStop() {
        task.cancel()
        throw .interrupted
      }
    }
  }

  private static func answer(_ response: HTTPClient.Response) -> ServerAnswer {
    ServerAnswer(
      status: Int(response.status.code), retryAfter: response.headers.first(name: "Retry-After"),
      location: response.headers.first(name: "Location"), contentType: response.headers.first(name: "Content-Type"),
      body: response.body.map { Array($0.readableBytesView) } ?? [])
  }

  private static func failure(_ error: any Error) -> TransportFailure {
    switch error {
    case is ResponseAccumulator.ResponseTooBigError: return .tooLong
    case is NIOConnectionError: return .unreachable(words(error))
    case let error as IOError where error.errnoCode == ECONNREFUSED: return .unreachable(words(error))
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: return .untrusted(words(error))
    case let error as HTTPClientError:
      switch error {
      case .deadlineExceeded, .readTimeout, .writeTimeout: return .timeout
      case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
        return .unreachable("no connection in time")
      case .remoteConnectionClosed: return .broken("the server closed the connection before its answer was complete")
      default: return .broken(error.shortDescription)
      }
    case is HTTPParserError: return .broken("the answer is not HTTP, or not all of it came")
    default: return .broken(words(error))
    }
  }

  /// An error of the network in the words of its library. Requests, and so keys, are in none of the types that get here.
  private static func words(_ error: any Error) -> String {
    if let error = error as? NIOConnectionError {
      let causes = [error.dnsAError, error.dnsAAAAError].compactMap { $0 } + error.connectionErrors.map(\.error)
      return causes.first.map { words($0) } ?? "no connection to \(error.host):\(error.port)"
    }
    return String(describing: error)
  }
}
