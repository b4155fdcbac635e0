internal import CohortCore
internal import HTTPTypes

/// Which `Host` and `Origin` headers a request over TCP may have: a page of another site that a browser shows must not
/// reach the server, whatever name it makes point here.
struct HostRule: Sendable {
  /// Small letters, without ports.
  private let names: Set<String>

  init(_ further: [String] = []) {
    names = Set(["localhost", "::1"] + further.map { $0.lowercased() })
  }

  /// - Throws: `server.wrong-host`, `server.cross-origin`.
  func check(_ head: HTTPRequest) throws(CohortError) {
    if let authority = head.authority, !authority.isEmpty {
      guard let host = Self.host(of: authority), isKnown(host) else {
        throw CohortError(.serverWrongHost, "The host of the request is not this server")
      }
    }
    let origins = head.headerFields[values: .origin]
    for origin in origins {
      // An origin has a scheme and the authority that was asked; "null" and other sites have not.
      let rest =
        origin.hasPrefix("http://") ? origin.dropFirst(7) : origin.hasPrefix("https://") ? origin.dropFirst(8) : ""
      guard !rest.isEmpty, rest.lowercased() == head.authority?.lowercased() else {
        throw CohortError(.serverCrossOrigin, "The request comes from a page of another site")
      }
    }
    if let site = head.headerFields[.secFetchSite], site != "same-origin", site != "none" {
      throw CohortError(.serverCrossOrigin, "The request comes from a page of another site")
    }
  }

  private func isKnown(_ host: String) -> Bool {
    if names.contains(host) { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return parts.count == 4 && parts[0] == 127 && parts.allSatisfy { $0 != nil }
  }

  /// The host of an authority in small letters, without port and brackets; nil for what is none.
  static func host(of authority: String) -> String? {
    let text = authority.lowercased()
    let (host, port): (Substring, Substring)
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      host = text[text.index(after: text.startIndex)..<end]
      port = text[text.index(after: end)...]
    } else {
      let end = text.firstIndex(of: ":") ?? text.endIndex
      host = text[..<end]
      port = text[end...]
    }
    guard port.isEmpty || port.first == ":" && port.dropFirst().allSatisfy(\.isNumber), !host.isEmpty else {
      return nil
    }
    return String(host)
  }
}
