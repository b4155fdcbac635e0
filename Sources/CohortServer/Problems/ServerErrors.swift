package import CohortCore

extension ErrorCode {
  // What a request did wrong.
  package static let serverMalformed = ErrorCode(.server, "malformed", .usage)
  package static let serverHeaderTooLarge = ErrorCode(.server, "header-too-large", .usage)
  package static let serverTargetTooLong = ErrorCode(
    .server, "target-too-long", .usage, hint: "Put long values into the body")
  package static let serverTooLarge = ErrorCode(.server, "too-large", .usage)
  package static let serverTruncated = ErrorCode(
    .server, "truncated-body", .usage, hint: "Send the whole request again")
  package static let serverTooSlow = ErrorCode(
    .server, "too-slow", .usage, hint: "Send the request without long pauses")
  package static let serverVersion = ErrorCode(.server, "http-version", .usage, hint: "Use HTTP/1.1")
  package static let serverExpectation = ErrorCode(
    .server, "expectation", .usage, hint: "Only Expect: 100-continue is known")
  package static let serverMediaType = ErrorCode(.server, "media-type", .usage)
  package static let serverNotAcceptable = ErrorCode(.server, "not-acceptable", .usage)
  package static let serverMethod = ErrorCode(.server, "method", .usage)

  // Who asks.
  package static let serverNoToken = ErrorCode(
    .server, "no-token", .usage, hint: "Send Authorization: Bearer TOKEN with a token of the daemon's token file")
  package static let serverForbidden = ErrorCode(
    .server, "forbidden", .usage, hint: "Use a token that may write")
  package static let serverWrongHost = ErrorCode(
    .server, "wrong-host", .usage, hint: "Ask for the address that the daemon listens at")
  package static let serverCrossOrigin = ErrorCode(
    .server, "cross-origin", .usage, hint: "Pages of other sites may not ask this server")

  // What is not there.
  package static let serverNoRoute = ErrorCode(.server, "no-route", .notFound)
  package static let serverUnknownStore = ErrorCode(.server, "unknown-store", .notFound)
  package static let serverUnknownJob = ErrorCode(
    .server, "unknown-job", .notFound,
    hint: "Finished jobs are kept for an hour; what they did is in the log")

  // What cannot be done at the moment.
  package static let serverBusy = ErrorCode(.server, "busy", .temporary, hint: "Try again in a moment")
  package static let serverStopping = ErrorCode(
    .server, "stopping", .temporary, hint: "Try again when the daemon is back")
  package static let serverGone = ErrorCode(.server, "client-gone", .interrupted)
  package static let serverCancelled = ErrorCode(
    .server, "cancelled", .interrupted, hint: "Everything that was committed is kept")
  package static let serverUnexpected = ErrorCode(
    .server, "unexpected", .failure, hint: "The daemon's log tells more")

  // What keeps the server from starting.
  package static let serverListen = ErrorCode(.server, "listen", .failure)
  package static let serverAddress = ErrorCode(.server, "address", .usage)
  package static let serverSocketInUse = ErrorCode(.server, "socket-in-use", .temporary)
  package static let serverTokenFile = ErrorCode(.server, "token-file", .usage)
}
