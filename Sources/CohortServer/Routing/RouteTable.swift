internal import HTTPTypes

/// All routes of a server. Literal parts win over parameters; a path that fits with another method is known, too.
public struct RouteTable: Sendable {
  /// What a path leads to.
  enum Match: Sendable {
    case route(Route, parameters: [String: String])
    /// The path is known, and these methods are.
    case methods([String], pattern: String)
    case none
  }

  /// A step of the way: what may follow it, and what ends there.
  private struct Node: Sendable {
    var literals: [String: Node] = [:]
    var parameter: Child?
    var routes: [String: Route] = [:]
  }

  /// A node behind a part that may be anything, on the heap because a value cannot hold itself.
  private final class Child: Sendable {
    let node: Node

    init(_ node: Node) { self.node = node }
  }

  private var root = Node()
  /// In the order in which they were added.
  public private(set) var routes: [Route] = []

  public init() {}

  /// Adds a route; one with the same method and pattern is replaced.
  public mutating func add(_ route: Route) {
    routes.removeAll { $0.method == route.method && $0.parts == route.parts }
    routes.append(route)
    Self.add(route, route.parts[...], to: &root)
  }

  private static func add(_ route: Route, _ parts: ArraySlice<Route.Part>, to node: inout Node) {
    switch parts.first {
    case nil: node.routes[route.method.rawValue] = route
    case .literal(let text)?:
      add(route, parts.dropFirst(), to: &node.literals[text, default: Node()])
    case .parameter?:
      var child = node.parameter?.node ?? Node()
      add(route, parts.dropFirst(), to: &child)
      node.parameter = Child(child)
    }
  }

  /// - Parameter path: decoded parts; an empty one fits nothing.
  func match(_ method: HTTPRequest.Method, _ path: [String]) -> Match {
    guard let routes = Self.find(path[...], in: root), let any = routes.values.first else { return .none }
    if let route = routes[method.rawValue] ?? (method == .head ? routes["GET"] : nil) {
      var parameters: [String: String] = [:]
      for (part, value) in zip(route.parts, path) {
        if case .parameter(let name) = part { parameters[name] = value }
      }
      return .route(route, parameters: parameters)
    }
    var methods = Set(routes.keys).union(["OPTIONS"])
    if methods.contains("GET") { methods.insert("HEAD") }
    return .methods(methods.sorted(), pattern: any.pattern)
  }

  private static func find(_ path: ArraySlice<String>, in node: Node) -> [String: Route]? {
    guard let part = path.first else { return node.routes.isEmpty ? nil : node.routes }
    guard !part.isEmpty else { return nil }
    if let next = node.literals[part], let found = find(path.dropFirst(), in: next) { return found }
    return node.parameter.flatMap { find(path.dropFirst(), in: $0.node) }
  }
}
