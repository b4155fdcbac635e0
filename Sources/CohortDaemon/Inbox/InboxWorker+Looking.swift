import CohortSystem
import CohortCore
import Logging

extension InboxWorker {
  func watchInbox() throws {
    let inbox = try InboxFolder(at: settings.path)
    let watch = try self.inbox?.path == inbox.path ? self.watch ?? InboxWatch(inbox.path) : InboxWatch(inbox.path)
    try watch.watch()
    (self.inbox, self.watch) = (inbox, watch)
  }

  /// Looks at what happened, and through everything when it is time. Events that come while folders are listed are read
  /// afterwards: a file that was there before another one is never overlooked in its favour.
  func notice() throws {
    if nextLook <= .now { try lookThrough() }
    guard let inbox, let watch else { return }
    for event in watch.events() {
      switch event {
      case .complete(let name): see(name, in: inbox, isComplete: true)
      case .appeared(let name): see(name, in: inbox)
      case .folder(let folder): _ = try lookThrough(folder, in: inbox)
      case .lost:
        try watchInbox()
        try lookThrough()
      }
    }
  }

  private func lookThrough() throws {
    nextLook = .now + settings.rescan
    guard let inbox else { return }
    if !SystemCall.exists(inbox.path) {
      log.warning("inbox_gone", metadata: ["inbox": .string(inbox.path)])
      watch = nil
      try watchInbox()
    }
    told.beginLook()
    let entries = try inbox.entries()
    var found = Set(entries.files)
    for name in entries.files { see(name, in: inbox) }
    tellOf(entries.ignored)
    for folder in entries.folders { found.formUnion(try lookThrough(folder, in: inbox)) }
    told.endLook()
    candidates.keep(only: found)
    toldOrphans.formIntersection(found)
    unmoved = unmoved.filter { found.contains($0.key) }
  }

  private func lookThrough(_ folder: String, in inbox: InboxFolder) throws -> [InboxName] {
    try watch?.watch(folder)
    guard SystemCall.isFolder("\(inbox.path)/\(folder)") else { return [] }
    let entries: InboxFolder.Entries
    do {
      entries = try inbox.entries(in: folder)
    } catch {
      tellOf([(folder, error.description)])
      return []
    }
    for name in entries.files { see(name, in: inbox) }
    tellOf(entries.ignored)
    return entries.files
  }

  func see(_ name: InboxName, in inbox: InboxFolder, isComplete: Bool = false) {
    guard let stamp = try? SystemCall.linkStatus(of: inbox.path(of: name)), stamp.kind != .folder else {
      candidates.forget(name)
      return
    }
    candidates.see(name, stamp, age: stamp.age, isComplete: isComplete, at: .now)
  }

  private func tellOf(_ ignored: [(name: String, reason: String)]) {
    for (name, reason) in ignored where told.isNews(name, reason) {
      log.warning("ignored", metadata: ["file": .string(name), "reason": .string(reason)])
    }
  }

  func tellOfOrphans() {
    for name in candidates.orphans where candidates.isReady(name, at: .now) {
      if toldOrphans.insert(name).inserted {
        log.info(
          "waiting", metadata: ["file": .string(name.description), "reason": "vectors wait for their records"])
      }
    }
  }
}
