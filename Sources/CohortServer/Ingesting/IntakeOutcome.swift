internal import CohortActions
public import CohortCore
internal import CohortPipeline
internal import HTTPTypes

/// How a request to take in samples ended.
public enum IntakeOutcome: Sendable {
  /// All that is said in the answer, a JSON object, is durable.
  /// - isReplay: the request was carried out before, under the same key, and not now.
  case answered([UInt8], isReplay: Bool)
  case failed(IntakeFailure)
  /// The client went away, or its body is none. What was committed stays; nobody waits for an answer.
  case brokenOff
}

/// Why samples were not taken in, or not all of them.
public struct IntakeFailure: Error, Sendable {
  public var error: CohortError
  /// What was stored all the same, as an answer's JSON; nil when nothing was.
  public var stored: [UInt8]?
  /// Of the problem document: the one of the error, unless the place where it came up knows better.
  let answered: HTTPResponse.Status

  /// - Parameter status: nil for the one of the error.
  init(_ error: CohortError, status: HTTPResponse.Status? = nil, stored: [UInt8]? = nil) {
    self.error = error
    self.stored = stored
    answered = status ?? Problem.status(of: error)
  }

  /// The status of the answer.
  public var status: Int { answered.code }

  /// Seconds after which the same request may succeed; nil when it never will.
  public var retryAfter: Int? { Problem.retry(answered, error.code) }
}

/// The JSON that a client gets.
enum IntakeAnswer {
  /// Refused records that an answer names.
  static let refusals = 100
  /// What is said of each is cut here, in bytes.
  static let detailBytes = 300

  /// All counts as `cohort ingest --json` gives them, and the first refused records.
  static func json(_ report: IngestReport) -> [UInt8] {
    var record = report.record
    let refused = report.refused.map { refusal -> ReportValue in
      var detail = Array(refusal.detail.utf8)
      if detail.count > detailBytes { detail = Array(detail[..<detailBytes]) + Array("…".utf8) }
      return .record([
        "line": .count(refusal.line), "reason": .text(refusal.reason),
        "detail": .text(String(decoding: detail, as: UTF8.self)),
      ])
    }
    record.append("rejected", .list(refused))
    var bytes: [UInt8] = []
    JSONText.append(record, to: &bytes)
    return bytes
  }
}
