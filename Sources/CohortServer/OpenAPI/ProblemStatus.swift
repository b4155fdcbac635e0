internal import CohortActions

/// A status of a problem document, with what it means.
enum ProblemStatus: Int, CaseIterable {
  case malformed = 400
  case noToken = 401
  case forbidden = 403
  case notFound = 404
  case notAcceptable = 406
  case conflict = 409
  case tooLarge = 413
  case mediaType = 415
  case unprocessable = 422
  case failure = 500
  case busy = 503
  case noRoom = 507

  /// The name among the document's components.
  private var name: String {
    switch self {
    case .malformed: "Malformed"
    case .noToken: "NoToken"
    case .forbidden: "Forbidden"
    case .notFound: "NotFound"
    case .notAcceptable: "NotAcceptable"
    case .conflict: "Conflict"
    case .tooLarge: "TooLarge"
    case .mediaType: "MediaType"
    case .unprocessable: "Unprocessable"
    case .failure: "Failure"
    case .busy: "Busy"
    case .noRoom: "NoRoom"
    }
  }

  private var meaning: String {
    switch self {
    case .malformed: "The request cannot be read: its target, its headers or its body."
    case .noToken: "A token is needed, or the one that was sent is not known."
    case .forbidden: "The token may not do this, or the request comes from another site's page."
    case .notFound: "There is no such store, or nothing in it that has this name."
    case .notAcceptable: "The answer has no form that the request accepts."
    case .conflict: "The name is taken, or something stands on what is to go."
    case .tooLarge: "The body is larger than the daemon takes."
    case .mediaType: "The body is of a type or coding that this route does not take."
    case .unprocessable:
      "The request can be read and makes no sense (`place` names the parameter), or it asks for more than is allowed: "
        + "an SQL statement that takes longer or gives more than its limits."
    case .failure: "Something failed, or bytes of the store are damaged: `code` tells which."
    case .busy: "Not now: others are at work, or the daemon is about to end."
    case .noRoom: "The disk is full, or nearly."
    }
  }

  private var mayBeRetried: Bool { self == .busy || self == .noRoom }

  /// The status and its answer, as a member of an operation's `responses`.
  var response: (name: String, value: ReportValue) {
    (name: "\(rawValue)", value: .record(["$ref": .text("#/components/responses/\(name)")]))
  }

  /// What every other status comes with: wrong methods, slow clients, servers that cannot be reached.
  static let others: (name: String, value: ReportValue) =
    (name: "default", value: .record(["$ref": "#/components/responses/Problem"]))

  static var components: ReportRecord {
    var components = ReportRecord(
      allCases.map { (name: $0.name, value: .record(component($0.meaning, $0.mayBeRetried))) })
    components.append("Problem", .record(component("Any other problem.", false)))
    return components
  }

  private static func component(_ meaning: String, _ mayBeRetried: Bool) -> ReportRecord {
    var component: ReportRecord = ["description": .text(meaning)]
    if mayBeRetried {
      component.append("headers", .record(["Retry-After": .record(["$ref": "#/components/headers/Retry-After"])]))
    }
    component.append(
      "content", .record(["application/problem+json": .record(["schema": .record(JSONSchema.reference("Problem"))])]))
    return component
  }
}
