public import CohortActions
public import CohortCore
internal import HTTPTypes
public import Logging

extension Server {
  /// The HTTP interface of stores that other processes own: the same doors, tokens, routes and limits, but what is
  /// asked of a store goes to its process.
  ///
  /// A process is asked over its Unix socket, which trusts this user; requests that came with a token that may only
  /// read say so there.
  /// - Parameters:
  ///   - stores: where the processes are, asked for each request.
  ///   - routes: further ones of a store. What is done with their requests is up to its process.
  /// - Throws: as the other initializer.
  public convenience init(
    forwarding stores: any ForwardedStores, doors: Doors, limits: Limits = Limits(),
    verbs: [Verb] = VerbRegistry.verbs, routes: [Route] = [], log: Logger
  ) throws(CohortError) {
    let forwarder = Forwarder(stores, limits: limits)
    let passed = (ServiceRoutes.all { "" } + verbs.map(VerbRoutes.route) + routes)
      .filter { $0.pattern == VerbRoutes.base || $0.pattern.hasPrefix(VerbRoutes.base + "/") }
      .map { route in
        Route(route.method, route.pattern, rights: route.rights) { try await forwarder.forward($0) }
      }
    try self.init(
      hosts: [], doors: doors, limits: limits, verbs: verbs, routes: passed + JoinedRoutes.all(forwarder), log: log)
  }
}
