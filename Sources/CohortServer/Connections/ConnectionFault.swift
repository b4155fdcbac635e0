internal import CohortCore
internal import NIOHTTP1

/// What a client does that no request comes of, or that breaks its request off.
enum ConnectionFault: Error, Hashable {
  case malformed(String)
  case headerTooLarge
  case targetTooLong
  case version
  case hostHeader
  case slowHeader
  case slowBody
  case truncated

  /// What the parser found.
  init(_ error: any Error, inFirstLine: Bool) {
    switch error as? HTTPParserError {
    case .headerOverflow?: self = inFirstLine ? .targetTooLong : .headerTooLarge
    case .invalidVersion?: self = .version
    case .invalidEOFState?: self = .truncated
    case let parserError?: self = .malformed(String(describing: parserError))
    case nil: self = .truncated
    }
  }

  var error: CohortError {
    switch self {
    case .malformed(let cause):
      CohortError(
        .serverMalformed, "The request does not follow HTTP/1.1", cause: cause)
    case .headerTooLarge: CohortError(.serverHeaderTooLarge, "The headers of the request are too large")
    case .targetTooLong: CohortError(.serverTargetTooLong, "The address in the request is too long")
    case .version: CohortError(.serverVersion, "The request has a version of HTTP that is not spoken here")
    case .hostHeader: CohortError(.serverMalformed, "The request needs exactly one Host header")
    case .slowHeader: CohortError(.serverTooSlow, "The headers of the request did not come in time")
    case .slowBody: CohortError(.serverTooSlow, "The body of the request made too long a pause")
    case .truncated: CohortError(.serverTruncated, "The request ended before its end")
    }
  }
}
