internal import HTTPTypes
internal import NIOHTTP1

/// What of a message's headers goes on to the other side of a process that routes.
enum ForwardedHeaders {
  /// Those that speak of one connection (RFC 9110, 7.6.1).
  private static let hopByHop: Set<String> = [
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
    "proxy-authentication-info",
    "te", "trailer", "transfer-encoding", "upgrade",
  ]
  /// Those that are decided here: who asks, and under which name.
  private static let decided: Set<String> = ["host", "authorization", "cohort-rights", "content-length", "expect"]

  /// The headers of a request, for the process of a store.
  /// - Parameter length: of its body; nil when nobody knows, and when there is none.
  static func request(_ exchange: Exchange) -> HTTPHeaders {
    let named = names(in: exchange.headers[values: .connection])
    var headers = HTTPHeaders()
    for field in exchange.headers {
      let name = field.name.canonicalName
      if !hopByHop.contains(name), !decided.contains(name), !named.contains(name) {
        headers.add(name: field.name.rawName, value: field.value)
      }
    }
    headers.add(name: "Host", value: "localhost")
    headers.add(name: "Connection", value: "close")
    if exchange.principal.rights == .read { headers.add(name: "Cohort-Rights", value: "read") }
    if let length = exchange.content.length {
      headers.add(name: "Content-Length", value: String(length))
    } else if exchange.content.isThere {
      headers.add(name: "Transfer-Encoding", value: "chunked")
    }
    if exchange.content.awaitsContinue, exchange.content.isThere {
      headers.add(name: "Expect", value: "100-continue")
    }
    return headers
  }

  /// The headers of an answer, for the client.
  static func answer(_ headers: HTTPHeaders) -> HTTPFields {
    let named = names(in: headers["connection"])
    var fields = HTTPFields()
    for (name, value) in headers {
      let canonical = name.lowercased()
      guard !hopByHop.contains(canonical), !named.contains(canonical), let name = HTTPField.Name(name) else { continue }
      fields.append(HTTPField(name: name, value: value))
    }
    return fields
  }

  /// What a `Connection` header names.
  private static func names(in values: [String]) -> Set<String> {
    Set(values.flatMap { $0.split(separator: ",") }.map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() })
  }
}
