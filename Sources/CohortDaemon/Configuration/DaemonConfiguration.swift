import CohortCore
package import CohortIngestion
import CohortPipeline
import CohortSystem
import Logging

/// All that the daemon is told, by flags and by a file: a plain value. Two runs with equal values do the same.
package struct DaemonConfiguration: Hashable, Sendable {
  package var stores: [StoreConfiguration] = []
  package var http = HTTPConfiguration()
  package var log = LogConfiguration()
  /// Bytes; nil: 1 GiB, or 2 % of the disk if that is more.
  package var minimumFree: Int?
  /// Nil: one for each processor, at most 8.
  package var workers: Int?
  /// Layouts of the user's own, for all inboxes.
  package var layouts: [LayoutDescription] = []

  package init() {}

  /// The settings that stand in no table.
  package static let keys: [ConfigurationKey<Self>] = [
    .init(
      "minimum-free", \.minimumFree, 0...Int.max,
      "Take no files while fewer bytes than this are free. Else 1 GiB, or 2 % of the disk if that is more."),
    .init("workers", \.workers, 1...1024, "Threads that parse. Results never depend on it."),
  ]

  /// The number of threads that parse.
  var parsingWorkers: Int { workers ?? min(max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1), 8) }

  /// The user's layouts, as far as they make sense.
  var ownLayouts: [Layout] { layouts.compactMap { try? $0.layout() } }

  /// The names of stores, the inbox of a store, and the like, where nothing was said about them.
  mutating func complete() {
    for index in stores.indices {
      while stores[index].path.count > 1, stores[index].path.hasSuffix("/") { stores[index].path.removeLast() }
      let path = stores[index].path
      if stores[index].name.isEmpty { stores[index].name = Self.name(of: path) }
      for inbox in stores[index].inboxes.indices where stores[index].inboxes[inbox].path.isEmpty {
        stores[index].inboxes[inbox].path = StoreLayout(path).inbox
      }
    }
  }

  /// The folder's last component; where the path has none, that of the folder that it means.
  static func name(of path: String) -> String {
    let last = path.split(separator: "/").last.map(String.init) ?? ""
    guard ["", ".", ".."].contains(last) else { return last }
    return SystemCall.resolved(path)?.split(separator: "/").last.map(String.init) ?? last
  }
}

/// A store that the daemon owns.
package struct StoreConfiguration: Hashable, Sendable {
  /// The name in addresses: the folder's last component unless one is given.
  package var name = ""
  package var path = ""
  /// The space that vectors beside records go to.
  package var space = IngestRequest.defaultSpace
  /// One, the folder `inbox` in the store, where nothing is said.
  package var inboxes: [InboxConfiguration] = [InboxConfiguration()]
  package var compactAfter = 600.0

  package init() {}

  package static let keys: [ConfigurationKey<Self>] = [
    .init("name", \.name, live: false, "The store's name in addresses. Else the last component of its path."),
    .init("path", \.path, as: .path, live: false, "The store's folder."),
    .init("space", \.space, "The embedding space that vectors go to which lie beside records."),
    .init(
      "compact-after", \.compactAfter, 0...86_400, live: false,
      "Seconds without a change after which samples are packed tighter. 0: never."),
  ]
}

/// The doors, and what may come through them. The server takes all of it when it starts; what is in the token file it reads
/// anew at each reload.
package struct HTTPConfiguration: Hashable, Sendable {
  package var listen: [String] = []
  package var tokenFile: String?
  package var socket: String?
  package var hosts: [String] = []
  package var connections = 256
  package var headerBytes = 16 << 10
  package var bodyBytes = 1 << 20
  package var headerSeconds = 10.0
  package var bodySeconds = 30.0
  package var idleSeconds = 75.0
  package var stallSeconds = 30.0
  package var readers = 4
  package var writers = 4
  package var longWorkers = 4
  package var eventStreams = 64

  package init() {}

  package static let keys: [ConfigurationKey<Self>] = [
    .init("listen", \.listen, live: false, "Loopback addresses with ports, 127.0.0.1:8420. They need a token file."),
    .init(
      "token-file", \.tokenFile, as: .path, live: false,
      "A token a line: write TOKEN, read TOKEN, or TOKEN alone, which writes. Reloads read it anew."),
    .init("socket", \.socket, as: .path, live: false, "The path of a unix socket for this user's processes."),
    .init("hosts", \.hosts, live: false, "Names that the Host header may have beside those of this machine."),
    .init("connections", \.connections, 1...65_536, live: false, "The most connections at a time."),
    .init(
      "header-bytes", \.headerBytes, 1024...1 << 20, live: false, "The most bytes of a request's line and headers."),
    .init(
      "body-bytes", \.bodyBytes, 1024...1 << 30, live: false,
      "The most bytes of a request's body. Samples are streamed, and not counted."),
    .init(
      "header-seconds", \.headerSeconds, 0.1...600, live: false, "How long a client may take for a request's headers."),
    .init("body-seconds", \.bodySeconds, 0.1...3600, live: false, "How long the next piece of a body may take."),
    .init("idle-seconds", \.idleSeconds, 0.1...86_400, live: false, "How long a connection may be without a request."),
    .init("stall-seconds", \.stallSeconds, 0.1...3600, live: false, "How long a client may take nothing of an answer."),
    .init("readers", \.readers, 1...1024, live: false, "Threads that answer questions."),
    .init("writers", \.writers, 1...1024, live: false, "Threads that take samples in, and do what else writes."),
    .init(
      "long-workers", \.longWorkers, 1...1024, live: false, "Threads for long work: training, embedding, groupings."),
    .init("event-streams", \.eventStreams, 0...65_536, live: false, "The most event streams at a time."),
  ]
}

/// How the log looks, and what is in it.
package struct LogConfiguration: Hashable, Sendable {
  package var format = LogFormat.logfmt
  package var level = LogLevel.info

  package init() {}

  package static let keys: [ConfigurationKey<Self>] = [
    .init("format", \.format, live: false, "How the log on standard error looks."),
    .init("level", \.level, "The least severe messages to log."),
  ]
}

/// The levels of severity that can be asked for.
package enum LogLevel: String, CaseIterable, Sendable {
  case debug, info, warning, error

  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
