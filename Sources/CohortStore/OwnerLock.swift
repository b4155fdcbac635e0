internal import CohortCore
internal import CohortSystem

/// The right to write a store: `flock` on `owner.lock` in its folder. The system takes it back when the process ends,
/// however it ends. The file's text only tells others who holds it.
final class OwnerLock: Sendable {
  private let descriptor: Int32
  private let path: String

  /// - Throws: `store.owned` when another process (or another opening in this one) holds the lock.
  init(folder: String, owner: String) throws {
    let path = StoreLayout(SystemCall.absolute(folder)).owner
    self.path = path
    let descriptor: Int32
    do throws(Errno) {
      descriptor = try SystemCall.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
    } catch {
      throw CohortError(
        .storeNotWritable, "The store cannot be written", place: path, cause: error.text,
        hint: "Check the owner and mode of the folder; reading still works")
    }
    guard Self.lock(descriptor) else {
      let reason = Errno.last
      let holder = Self.holder(descriptor)
      SystemCall.close(descriptor)
      guard reason.number == EWOULDBLOCK else {
        throw CohortError(.storeLockFailed, "The store's owner lock cannot be taken", place: path, cause: reason.text)
      }
      throw CohortError(
        .storeOwned, "Another process owns this store: \(holder)", place: folder, hint: "Wait until it is done")
    }
    let text = [UInt8]("\(owner), process \(getpid())\n".utf8)
    if ftruncate(descriptor, 0) == 0 {
      _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
    self.descriptor = descriptor
    // Of an owner that was killed: a socket there is one that answers.
    try? SystemCall.remove(StoreLayout(folder).ownerSocket)
  }

  /// How long a process that was killed may need to be gone: until the disk has done what it asked of it, its lock stays.
  private static let endingSeconds = 10.0

  /// Takes the lock; waits for it only while its holder is a process that has ended already.
  private static func lock(_ descriptor: Int32) -> Bool {
    let end = SystemClock.steady + Int64(endingSeconds * 1e9)
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let reason = errno
      guard reason == EWOULDBLOCK, let owner = process(in: holder(descriptor)), hasEnded(owner),
        SystemClock.steady < end
      else {
        errno = reason
        return false
      }
      usleep(5_000)
    }
    return true
  }

  /// Whether a process is gone, or a part of it only is left: its first thread has ended, others wait for the disk.
  private static func hasEnded(_ process: Int32) -> Bool {
    guard kill(process, 0) == 0 || errno == EPERM else { return true }
    guard let bytes = try? SystemCall.contents(of: "/proc/\(process)/stat", limit: 1 << 12) else { return false }
    // `4711 (cohortd) Z …`: the name may have brackets of its own.
    let state = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.first { $0 != " " }
    return state == "Z" || state == "X"
  }

  deinit {
    // Closing alone would leave it locked while a child that is just being spawned still has the descriptor.
    _ = flock(descriptor, LOCK_UN)
    SystemCall.close(descriptor)
  }

  /// - Throws: `store.lock-replaced` when the file that is locked is not the one that others would lock.
  /// - Complexity: two system calls.
  func checkPlace() throws(CohortError) {
    if let here = try? SystemCall.status(of: descriptor), let there = try? SystemCall.linkStatus(of: path),
      (here.device, here.inode) == (there.device, there.inode)
    {
      return
    }
    throw CohortError(
      .storeLockReplaced, "The right to write the store was taken away from this process", place: path,
      cause: "the lock's file is another one, or gone")
  }

  /// Whether the lock of a store is held by a process that lends turns, or is about to.
  static func isHeldByDaemon(of folder: String) -> Bool {
    guard let descriptor = try? SystemCall.open(StoreLayout(folder).owner, O_RDONLY | O_NOFOLLOW) else { return false }
    defer { SystemCall.close(descriptor) }
    return holder(descriptor).hasPrefix(WriteSchedule.daemonName)
  }

  /// Who holds the lock of a store; nil when nobody does, or the system does not tell. Takes no lock itself: that would keep
  /// others from it.
  static func owner(of folder: String) -> StoreOwner? {
    guard let descriptor = try? SystemCall.open(StoreLayout(folder).owner, O_RDONLY | O_NOFOLLOW) else { return nil }
    defer { SystemCall.close(descriptor) }
    let text = holder(descriptor)
    guard let process = process(in: text), isLocked(StoreLayout(folder).owner, by: process) else { return nil }
    return StoreOwner(name: String(text.dropLast(", process \(process)".count)), process: process)
  }

  /// The number behind the last space of the file's text; what is before it are the name and `, process`.
  private static func process(in text: String) -> Int32? {
    guard let space = text.lastIndex(of: " "), text[..<space].hasSuffix(", process") else { return nil }
    return Int32(text[text.index(after: space)...])
  }

  /// The text of the file stays when its holder has gone, and the number of a process is given again: the system's own list
  /// of locks says whether the one is still held.
  private static func isLocked(_ path: String, by process: Int32) -> Bool {
    guard kill(process, 0) == 0 || errno == EPERM else { return false }
    guard let status = try? SystemCall.status(of: path),
      let bytes = try? SystemCall.contents(of: "/proc/locks", limit: 1 << 24)
    else { return true }
    // `1: FLOCK  ADVISORY  WRITE 4711 08:02:131 0 EOF`
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      return fields.count > 5 && fields[1] == "FLOCK" && fields[4] == "\(process)"
        && fields[5].split(separator: ":").last == "\(status.inode)"
    }
  }

  private static func holder(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 200)
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    guard count > 0 else { return "unknown" }
    // The file is ours, but anybody with access may have written it: keep printable characters only.
    return String(decoding: bytes[..<count].filter { $0 >= 0x20 && $0 < 0x7f }, as: UTF8.self)
  }
}

/// The process that may write a store, and lets others write.
public struct StoreOwner: Hashable, Sendable {
  /// What it calls itself: `cohortd`, `cohort train`.
  public var name: String
  /// Its number in the system.
  public var process: Int32
}

extension Store {
  /// Which process owns the store now; nil when none does, and on systems that do not tell whose locks are held.
  public var owner: StoreOwner? { OwnerLock.owner(of: path) }
}
