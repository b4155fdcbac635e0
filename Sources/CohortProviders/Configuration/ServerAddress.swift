internal import CohortCore
internal import Foundation

/// The checked address of a server.
struct ServerAddress: Sendable {
  private static let whereKeysAre =
    "keys come from an environment variable (--api-key-env) or a file of mode 0600 (--api-key-file)"

  private let components: URLComponents
  let isEncrypted: Bool
  let host: String

  /// - Throws: `embedding.configuration` for anything but a plain `http` or `https` address. Names, passwords, queries and
  ///   fragments are refused, because addresses are shown and stored, and keys hide there.
  init(_ text: String) throws {
    guard let components = URLComponents(string: text), let scheme = components.scheme?.lowercased(),
      scheme == "http" || scheme == "https", let host = components.host, !host.isEmpty
    else { throw ProviderConfiguration.refusal("url", "an address such as http://localhost:8000") }
    guard components.user == nil, components.password == nil else {
      throw ProviderConfiguration.refusal(
        "url", "an address without name and password; \(Self.whereKeysAre)")
    }
    guard components.query == nil, components.fragment == nil else {
      throw ProviderConfiguration.refusal("url", "an address without '?' and '#'; \(Self.whereKeysAre)")
    }
    self.components = components
    self.host = host.trimmingCharacters(in: ["[", "]"])
    isEncrypted = scheme == "https"
  }

  /// Whether the server is this machine: its name, or an address in ::1 or 127.0.0.0/8. A name that only begins like an
  /// address is another machine.
  var isLocal: Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// The address of `route`.
  /// - Parameters:
  ///   - base: what an address without a path stands for.
  ///   - sibling: a route that the address may end with already, in place of which `route` comes.
  func appending(_ route: String, base: String = "", insteadOf sibling: String? = nil) -> String {
    var full = components
    var path = full.path
    while path.hasSuffix("/") { path.removeLast() }
    if path.isEmpty { path = base }
    if let sibling, path.hasSuffix(sibling) { path.removeLast(sibling.count) }
    full.path = path.hasSuffix(route) ? path : path + route
    return full.string ?? ""
  }
}
