package import CohortCore
import CohortIngestion
import CohortServer
import CohortStore
import CohortSystem

/// Something in a configuration that makes no sense.
package struct ConfigurationProblem: Hashable, Sendable {
  /// The key that it is about: `["stores", "0", "inboxes", "1", "layout"]`.
  package var key: [String]
  package var error: CohortError
}

extension DaemonConfiguration {
  /// Everything that makes no sense, without a look at the disk but for folders that two paths may share.
  package func problems() -> [ConfigurationProblem] {
    var found: [ConfigurationProblem] = []
    func add(_ key: [String], _ error: CohortError) { found.append(ConfigurationProblem(key: key, error: error)) }
    for layout in layouts {
      do throws(CohortError) { _ = try layout.layout() } catch { add(["layouts", layout.name], error) }
    }
    if stores.isEmpty {
      add(
        ["stores"], CohortError(.daemonConfigValue, "No store is named", hint: "Add [[stores]] with path = \"FOLDER\""))
    }
    let own = ownLayouts
    for (index, store) in stores.enumerated() {
      let key = ["stores", String(index)]
      if let error = nameProblem(index) { add(key + ["name"], error) }
      if let error = pathProblem(index) { add(key + ["path"], error) }
      for (number, inbox) in store.inboxes.enumerated() {
        let key = key + ["inboxes", String(number)]
        for problem in inbox.problems(own) { add(key + [problem.key], problem.error) }
      }
    }
    for problem in sharedInboxes() { add(problem.key, problem.error) }
    for problem in http.problems() { add(["http", problem.key], problem.error) }
    return found
  }

  private func nameProblem(_ index: Int) -> CohortError? {
    let name = stores[index].name
    // A store without a path has no name, either.
    if name.isEmpty, stores[index].path.isEmpty { return nil }
    let hint = "Give it another: name = \"NAME\" in the file, or --store NAME=PATH"
    do {
      try NameRule.check(name, of: "store")
    } catch {
      return CohortError(describing: error, as: .daemonConfigValue)
    }
    if name.contains("/") || name == "." || name == ".." {
      return CohortError(
        .daemonConfigValue, "'\(name)' cannot be a store's name: it is a part of addresses", hint: hint)
    }
    guard stores[..<index].contains(where: { $0.name == name }) else { return nil }
    return CohortError(.daemonConfigValue, "Two stores have the name '\(name)'", hint: hint)
  }

  private func pathProblem(_ index: Int) -> CohortError? {
    let path = stores[index].path
    guard !path.isEmpty else { return CohortError(.daemonConfigValue, "A store has no path") }
    let place = Self.folder(path)
    guard let other = stores[..<index].first(where: { Self.folder($0.path) == place }) else { return nil }
    return CohortError(
      .daemonConfigValue, "The stores '\(other.name)' and '\(stores[index].name)' are the same", place: path)
  }

  /// Inboxes that are the same, or whose files another one takes as those of its folders.
  private func sharedInboxes() -> [ConfigurationProblem] {
    var found: [ConfigurationProblem] = []
    var known: [(folder: String, inbox: InboxConfiguration)] = []
    // Of stores that are the same everything is.
    for (index, store) in stores.enumerated() where !store.path.isEmpty && pathProblem(index) == nil {
      for (number, inbox) in store.inboxes.enumerated() {
        let folder = Self.folder(inbox.path)
        defer { known.append((folder, inbox)) }
        guard
          let other = known.first(where: {
            $0.folder == folder || Self.parent(of: folder) == $0.folder || Self.parent(of: $0.folder) == folder
          })
        else { continue }
        let isSame = other.folder == folder
        found.append(
          ConfigurationProblem(
            key: ["stores", String(index), "inboxes", String(number), "path"],
            error: CohortError(
              .daemonSharedInbox,
              isSame
                ? "Two inboxes have the same folder" : "An inbox is a folder of another inbox, which takes its files",
              place: isSame ? inbox.path : "\(inbox.path) and \(other.inbox.path)")))
      }
    }
    return found
  }

  /// What tells folders apart, also those that are not there yet.
  private static func folder(_ path: String) -> String {
    if let resolved = SystemCall.resolved(path) { return resolved }
    guard let parent = parent(of: path), parent != path else { return path }
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    return folder(parent) + "/" + name
  }

  private static func parent(of path: String) -> String? {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

extension HTTPConfiguration {
  /// What a `sockaddr_un` holds, with the zero behind it.
  static let longestSocket = 107

  func problems() -> [(key: String, error: CohortError)] {
    var found: [(key: String, error: CohortError)] = []
    for address in listen {
      do throws(CohortError) { _ = try TCPAddress(parsing: address) } catch { found.append(("listen", error)) }
    }
    if !listen.isEmpty, tokenFile == nil {
      found.append(
        (
          "listen",
          CohortError(
            .daemonConfigValue, "Nobody may come in over TCP without a token, and no token file is named",
            hint: "Write tokens into a file of mode 0600 and name it: --token-file FILE")
        ))
    }
    if let socket, socket.utf8.count > Self.longestSocket {
      found.append(
        (
          "socket",
          CohortError(
            .daemonConfigValue, "The path of the socket is longer than \(Self.longestSocket) bytes", place: socket,
            hint: "The system takes no longer ones: choose a shorter path, such as /run/cohortd/http.sock")
        ))
    }
    for host in hosts where host.isEmpty || host.contains(where: { $0.isWhitespace || $0 == "/" }) {
      found.append(
        (
          "hosts",
          CohortError(.daemonConfigValue, "'\(host)' is not the name of a host", hint: "Write cohort.example.org")
        ))
    }
    return found
  }
}
