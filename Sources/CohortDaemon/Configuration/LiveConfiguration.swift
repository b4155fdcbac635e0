import CohortCore
import CohortServer
import CohortSystem
import Logging

/// The configuration that a running daemon works by, and how it becomes another one.
///
/// Threads ask for `current` where they begin something new.
final class LiveConfiguration: Sendable {
  private let options: DaemonOptions
  private let value: Locked<DaemonConfiguration>

  /// - Parameter options: flags, and where the file is.
  init(_ options: DaemonOptions, _ configuration: DaemonConfiguration) {
    self.options = options
    value = Locked(configuration)
  }

  var current: DaemonConfiguration { value.withLock { $0 } }

  /// Whether there is a file that can be read anew.
  var hasFile: Bool { options.config != nil }

  /// Reads the file anew, takes over what a running daemon can, and tells of everything else in the log. With a mistake in
  /// the file all stays as it is.
  /// - Returns: nil when nothing is to be done, as without a file.
  @discardableResult
  func reload(_ log: Logger) -> ConfigurationChange? {
    guard let file = options.config else { return nil }
    let (asked, mistakes) = options.configuration()
    guard mistakes.isEmpty else {
      for mistake in mistakes { log.error("configuration", metadata: mistake.metadata) }
      log.error("not_reloaded", metadata: ["config": .string(file), "mistakes": .stringConvertible(mistakes.count)])
      return nil
    }
    let change = value.change { running in
      let change = ConfigurationChange(from: running, to: asked)
      running = change.effective
      return change
    }
    for difference in change.taken { log.info("setting", metadata: difference.metadata) }
    for difference in change.waiting { log.warning("needs_restart", metadata: difference.metadata) }
    log.info(
      "reloaded",
      metadata: [
        "config": .string(file), "taken": .stringConvertible(change.taken.count),
        "waiting": .stringConvertible(change.waiting.count),
      ])
    return change
  }
}

extension Server {
  /// Reads the token file anew and tells of it. - Returns: whether there is one.
  func reloadTokens(_ log: Logger) -> Bool {
    do {
      guard let counts = try reloadTokens() else { return false }
      log.info(
        "tokens_reloaded",
        metadata: ["writing": .stringConvertible(counts.writing), "reading": .stringConvertible(counts.reading)])
    } catch {
      log.error("not_reloaded", metadata: error.metadata)
    }
    return true
  }
}

extension Logger {
  /// Tells whoever asked for a reload that nothing could be read anew.
  func nothingReloaded() {
    warning("not_reloaded", metadata: ["reason": "there is neither a configuration file (--config) nor a token file"])
  }
}

extension ConfigurationChange.Difference {
  fileprivate var metadata: Logger.Metadata {
    var fields: Logger.Metadata = ["key": .string(key)]
    if let old { fields["old"] = .string(old) }
    if let new { fields["new"] = .string(new) }
    return fields
  }
}
