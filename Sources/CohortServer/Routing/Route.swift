public import HTTPTypes

/// What is done with a request of some method and path.
public struct Route: Sendable {
  /// Answers a request. Errors that are thrown become problem documents.
  public typealias Handler = @Sendable (Exchange) async throws -> Answer

  /// Which one.
  public let method: HTTPRequest.Method
  /// With parameters in braces: `/v1/stores/{store}/samples/{id}`. It names the route in metrics and logs.
  public let pattern: String
  /// What a client must be allowed to do.
  public let rights: Principal.Rights
  let handler: Handler
  let parts: [Part]

  /// A part of a pattern between two slashes.
  enum Part: Hashable, Sendable {
    case literal(String)
    case parameter(String)
  }

  public init(
    _ method: HTTPRequest.Method, _ pattern: String, rights: Principal.Rights, _ handler: @escaping Handler
  ) {
    self.method = method
    self.pattern = pattern
    self.rights = rights
    self.handler = handler
    parts = pattern.split(separator: "/").map { part in
      part.hasPrefix("{") && part.hasSuffix("}")
        ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
    }
  }
}
