import CohortCore
import CohortSystem

/// What was noticed in an inbox.
enum InboxEvent: Hashable, Sendable {
  /// A file was renamed into the inbox: it is whole.
  case complete(InboxName)
  /// A file appeared, or somebody who wrote to it has closed it. There may be more to come.
  case appeared(InboxName)
  case folder(String)
  /// Something was missed, or the inbox itself went away: look through all of it.
  case lost
}

#if os(Linux)
  /// Notices files by inotify, without asking again and again.
  final class InboxWatch {
    /// Readable when there are events.
    let descriptor: Int32
    private let root: String
    /// Watch descriptors by the folder that they watch: nil for the inbox itself.
    private var folders: [Int32: String?] = [:]

    init(_ root: String) throws(CohortError) {
      descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
      self.root = root
      guard descriptor >= 0 else {
        throw .system(
          .daemonWatch, "The inbox cannot be watched", place: root, .last,
          hint: "Raise fs.inotify.max_user_instances")
      }
    }

    deinit { SystemCall.close(descriptor) }

    /// Watches the inbox, or one of its folders; twice is the same as once.
    func watch(_ folder: String? = nil) throws(CohortError) {
      let path = folder.map { "\(root)/\($0)" } ?? root
      let events =
        UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_CREATE) | UInt32(IN_DELETE_SELF)
        | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW)
      let watch = inotify_add_watch(descriptor, path, events)
      guard watch >= 0 else {
        let reason = Errno.last
        if folder != nil, reason.number == ENOENT || reason.number == ENOTDIR { return }
        throw .system(
          .daemonWatch, "The folder cannot be watched", place: path, reason,
          hint: reason.number == ENOSPC ? "Raise fs.inotify.max_user_watches" : nil)
      }
      folders.updateValue(folder, forKey: watch)
    }

    /// What happened since the last call, in order.
    func events() -> [InboxEvent] {
      var found: [InboxEvent] = []
      while let records = UnsafeInotifyRecords.read(descriptor) {
        for record in records { found += event(record) }
      }
      return found
    }

    private func event(_ record: InotifyRecord) -> [InboxEvent] {
      if record.has(IN_Q_OVERFLOW) { return [.lost] }
      guard let folder = folders[record.watch] else { return [] }
      if record.has(IN_IGNORED) || record.has(IN_MOVE_SELF) {
        folders[record.watch] = nil
        if record.has(IN_MOVE_SELF) { inotify_rm_watch(descriptor, record.watch) }
        return folder == nil ? [.lost] : []
      }
      // A name that is no text is found, and reported, by looking through the folder.
      guard let name = record.name else { return record.hasName ? [.lost] : [] }
      if InboxName.isIgnored(name) { return [] }
      if record.has(IN_ISDIR) { return folder == nil ? [.folder(name)] : [] }
      let file = InboxName(folder: folder, name)
      return [record.has(IN_MOVED_TO) ? .complete(file) : .appeared(file)]
    }
  }
#else
  /// Where there is no inotify the inbox is looked through every time.
  final class InboxWatch {
    let descriptor: Int32 = -1
    init(_ root: String) throws(CohortError) {}
    func watch(_ folder: String? = nil) throws(CohortError) {}
    func events() -> [InboxEvent] { [.lost] }
  }
#endif
