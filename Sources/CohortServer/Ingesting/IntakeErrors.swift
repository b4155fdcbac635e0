internal import CohortCore

extension ErrorCode {
  static let serverIntakeParameter = ErrorCode(.server, "parameter", .usage)
  static let serverIdempotencyKey = ErrorCode(.server, "idempotency-key", .usage)
  static let serverIdempotency = ErrorCode(.server, "idempotency", .usage)
  static let serverUnderWay = ErrorCode(.server, "under-way", .temporary)
  static let serverNeedsKey = ErrorCode(.server, "needs-idempotency-key", .usage)
  static let serverNotAtOnce = ErrorCode(.server, "not-at-once", .usage)
  static let serverContentEncoding = ErrorCode(.server, "content-encoding", .usage)
  static let serverContentType = ErrorCode(.server, "content-type", .usage)
  static let serverCrowded = ErrorCode(.server, "crowded", .temporary)
  static let serverIntake = ErrorCode(.server, "intake", .failure)
  // What ends a body is an error of its reader: records before it stay.
  static let bodyTooLarge = ErrorCode(.ingestion, "body-too-large", .usage)
  static let bodyBrokenOff = ErrorCode(.ingestion, "broken-off", .failure)
  static let bodyIdle = ErrorCode(.ingestion, "idle", .temporary)
  static let bodyStopped = ErrorCode(.ingestion, "stopped", .temporary)
  static let bodyNotPacked = ErrorCode(.ingestion, "not-packed", .usage)
}

extension CohortError {
  static func bodyTooLarge(_ limit: UInt64) -> CohortError {
    CohortError(
      .bodyTooLarge, "The body has more than \(limit) bytes",
      hint: "Send it in several requests")
  }

  static let stopping = CohortError(
    .serverStopping, "The server is about to stop", hint: "Send the request again in some seconds")
}
