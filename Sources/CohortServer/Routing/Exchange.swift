public import CohortActions
public import CohortCore
public import CohortPipeline
public import HTTPTypes
internal import HummingbirdCore

/// A request that was let in, and what is needed to answer it.
public struct Exchange: Sendable {
  /// The values of the braces in the route's pattern.
  public let parameters: [String: String]
  /// In the order of the request, percent-decoded.
  public let query: [(name: String, value: String)]
  public let method: HTTPRequest.Method
  public let headers: HTTPFields
  /// Who asks; the route's rights were checked.
  public let principal: Principal
  /// The request's body.
  public let content: RequestContent
  let connection: Connection
  let core: ServerCore
  /// The path that was asked for, as it is written in a `Location` header.
  let path: String

  /// The store that the path names, when it names one.
  /// - Throws: `server.unknown-store`.
  public func host() throws(CohortError) -> any HostedStore { try core.host(named: parameters["store"] ?? "") }

  /// The values of a name in the query.
  public func values(_ name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }

  /// What the server allows.
  public var limits: Limits { core.limits }

  // MARK: Threads

  /// Runs work that reads a store, on a thread where it may block.
  public func onReader<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await core.questions.run(body)
  }

  // MARK: Jobs

  /// Whether the client would rather have a job than wait (`Prefer: respond-async`).
  public var prefersJob: Bool {
    headers[values: .prefer].contains { value in
      value.split(separator: ",").contains { part in
        part.split(separator: ";").first.map { $0.filter { $0 != " " }.lowercased() } == "respond-async"
      }
    }
  }

  /// Begins a job and tells the client where it is found: 202.
  /// - Parameter work: runs on a thread of its own; gets what it reports to and asks whether to stop.
  /// - Throws: `server.busy` when too many are unfinished.
  public func startJob(
    _ verb: String, on host: any HostedStore, _ work: @escaping @Sendable (JobControl) throws -> ReportRecord
  ) throws -> Answer {
    let record = try core.jobs.start(verb, store: host.name, work)
    let base = "/v1/stores/\(RequestTarget.encoded(host.name))/jobs"
    var headers: HTTPFields = [.preferenceApplied: "respond-async"]
    if case .text(let id)? = record["job"] { headers[.location] = "\(base)/\(id)" }
    return Answer(record, status: .accepted, headers: headers)
  }

  // MARK: The body

  /// The body of a request that is JSON; empty where there is none.
  /// - Throws: `server.media-type`, `server.too-large`, and what reading it may throw.
  func json() async throws -> [UInt8] {
    guard content.isThere else { return [] }
    let type = headers[.contentType].map { $0.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() } ?? ""
    guard type == "application/json" || type.hasPrefix("application/") && type.hasSuffix("+json") else {
      throw CohortError(
        .serverMediaType, "The body is not said to be JSON", hint: "Send Content-Type: application/json")
    }
    let coding = headers[.contentEncoding]?.lowercased() ?? "identity"
    guard coding == "identity" else {
      throw CohortError(.serverMediaType, "The body must not be compressed here")
    }
    return try await content.all(limit: core.limits.bodyBytes, seconds: core.limits.wholeBodySeconds)
  }
}
