public import CohortActions
public import CohortCore
public import HTTPTypes

/// An error as clients see it: a problem document (RFC 9457) with the error's own code, place, cause and hint.
public struct Problem: Error, Sendable {
  /// What went wrong.
  public var error: CohortError
  /// The answer's status; it follows from the error's code and category.
  public var status: HTTPResponse.Status
  /// Headers that the status asks for: `Allow`, `WWW-Authenticate`, `Retry-After`.
  public var headers: HTTPFields
  /// Members beside the standard ones: the report of work that ended before its end.
  public var members: ReportRecord

  /// - Parameter status: nil for the one of the error's code or category.
  public init(
    _ error: CohortError, status: HTTPResponse.Status? = nil, headers: HTTPFields = [:],
    members: ReportRecord = ReportRecord()
  ) {
    self.error = error
    self.status = status ?? Self.status(of: error)
    self.headers = headers
    self.members = members
    if let seconds = Self.retry(self.status, error.code), headers[.retryAfter] == nil {
      self.headers[.retryAfter] = String(seconds)
    }
    if self.status == .unauthorized { self.headers[.wwwAuthenticate] = #"Bearer realm="cohort""# }
  }

  /// Any error: one of ours, a problem, or something that should not have happened.
  public init(describing error: any Error) {
    if let problem = error as? Problem {
      self = problem
    } else if error is CancellationError {
      self.init(CohortError(.serverStopping, "The request was broken off"))
    } else {
      self.init(CohortError(describing: error, as: .serverUnexpected))
    }
  }

  /// The document, in the order of RFC 9457.
  public var record: ReportRecord {
    var record: ReportRecord = [
      "type": .text("urn:cohort:error:\(error.code.name)"), "title": .text(status.reasonPhrase),
      "status": .integer(Int64(status.code)), "detail": .text(error.message), "code": .text(error.code.name),
    ]
    if let place = error.place { record.append("place", .text(place)) }
    if let cause = error.cause { record.append("cause", .text(cause)) }
    if let hint = error.hint { record.append("hint", .text(Self.hint(hint, of: error.code))) }
    for (name, value) in members.fields { record.append(name, value) }
    return record
  }

  /// A hint in the words of requests: what is a flag of the command line is a parameter of the same name here. Whole commands
  /// stay what they are.
  private static func hint(_ hint: String, of code: ErrorCode) -> String {
    let isCommand = ["cohort ", "curl ", "zstd "].contains { hint.contains($0) }
    guard code.module != .daemon, code.module != .server, !isCommand else { return hint }
    return hint.replacing(/(^|[\s(])--([a-z]+(?:-[a-z]+)*)/) {
      "\($0.output.1)'\(String($0.output.2.map { $0 == "-" ? "_" : $0 }))'"
    }
  }

  /// The document's bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    JSONText.append(record, to: &bytes)
    bytes.append(0x0a)
    return bytes
  }

  /// What the document's `Content-Type` is.
  public static let mediaType = "application/problem+json"
}

extension Problem {
  static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")

  /// Statuses of codes whose category does not say it.
  private static let statuses: [String: HTTPResponse.Status] = [
    "server.malformed": .badRequest, "server.header-too-large": .requestHeaderFieldsTooLarge,
    "server.target-too-long": .uriTooLong, "server.too-large": .contentTooLarge,
    "server.truncated-body": .badRequest, "server.too-slow": .requestTimeout,
    "server.http-version": .httpVersionNotSupported,
    "server.expectation": .expectationFailed, "server.media-type": .unsupportedMediaType,
    "server.not-acceptable": .notAcceptable, "server.method": .methodNotAllowed,
    "server.no-token": .unauthorized, "server.forbidden": .forbidden,
    "server.wrong-host": .misdirectedRequest,
    "server.cross-origin": .forbidden,
    "server.store-silent": .gatewayTimeout,
    "cli.malformed-body": .badRequest,
    // The same statement takes as long the next time.
    "catalog.deadline": .unprocessableContent,
    "ingestion.decompressed-size": .contentTooLarge, "ingestion.decompression-ratio": .contentTooLarge,
    "ingestion.input-output": .internalServerError, "ingestion.foreign-format": .unsupportedMediaType,
    // Bodies of samples.
    "ingestion.body-too-large": .contentTooLarge, "ingestion.idle": .requestTimeout,
    "server.not-at-once": .contentTooLarge, "server.content-encoding": .unsupportedMediaType,
    "server.content-type": .unsupportedMediaType, "server.idempotency-key": .badRequest,
    "server.needs-idempotency-key": .badRequest, "server.under-way": .conflict,
  ]

  /// What says that there is no room on the disk, whoever found it.
  private static let noRoom: Set<String> = ["disk-full", "low-disk", "no-room"]

  /// The status that an error is answered with.
  static func status(of error: CohortError) -> HTTPResponse.Status {
    if let status = statuses[error.code.name] { return status }
    if error.category == .temporary, noRoom.contains(error.code.reason) { return insufficientStorage }
    switch error.category {
    case .usage:
      let conflicts = error.code.reason.hasSuffix("exists") || error.code.reason.hasSuffix("in-use")
      return conflicts ? .conflict : .unprocessableContent
    case .notFound: return .notFound
    case .corruption: return .internalServerError
    case .temporary, .interrupted: return .serviceUnavailable
    case .unreachable: return .badGateway
    // Bytes of the client's that cannot be read are no failure of the server's.
    case .failure: return error.code.module == .ingestion ? .unprocessableContent : .internalServerError
    }
  }

  /// Seconds after which asking again makes sense.
  static func retry(_ status: HTTPResponse.Status, _ code: ErrorCode) -> Int? {
    switch status.code {
    case 503: 2
    case 507: 60
    default: code == .serverUnderWay ? 1 : nil
    }
  }
}

extension HTTPField.Name {
  static let cohortSequence = constant("Cohort-Sequence")
  static let cohortPartial = constant("Cohort-Partial")
  static let cohortRights = constant("Cohort-Rights")
  static let lastEventID = constant("Last-Event-ID")
  static let secFetchSite = constant("Sec-Fetch-Site")
  static let prefer = constant("Prefer")
  static let preferenceApplied = constant("Preference-Applied")
  static let acceptBuffering = constant("X-Accel-Buffering")

  /// A name that is known to be one.
  private static func constant(_ name: String) -> HTTPField.Name {
    guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
    return field
  }
}
