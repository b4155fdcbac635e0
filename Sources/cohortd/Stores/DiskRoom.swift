import CohortSystem

/// How much of a disk has to stay free.
struct DiskRoom: Sendable {
  /// Bytes; nil: 1 GiB, or 2 % of the disk if that is more.
  let minimum: UInt64?

  /// Too little room.
  struct Shortage: Hashable, Sendable {
    let free: UInt64
    let needed: UInt64
  }

  /// What is missing on the disk of a folder; nil when there is room, or when the system does not say.
  func shortage(at path: String) -> Shortage? {
    var info = statvfs()
    guard statvfs(path, &info) == 0 else { return nil }
    let unit = UInt64(info.f_frsize)
    let needed = Self.needed(minimum, total: UInt64(info.f_blocks) * unit)
    let free = UInt64(info.f_bavail) * unit
    return free < needed ? Shortage(free: free, needed: needed) : nil
  }

  static func needed(_ minimum: UInt64?, total: UInt64) -> UInt64 { minimum ?? max(1 << 30, total / 50) }
}
