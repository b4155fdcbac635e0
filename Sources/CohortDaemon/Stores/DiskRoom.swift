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
    guard let room = try? SystemCall.room(at: path) else { return nil }
    let needed = Self.needed(minimum, total: room.total)
    return room.free < needed ? Shortage(free: room.free, needed: needed) : nil
  }

  static func needed(_ minimum: UInt64?, total: UInt64) -> UInt64 { minimum ?? max(1 << 30, total / 50) }
}
