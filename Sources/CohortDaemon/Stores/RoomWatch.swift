import CohortCore
import CohortSystem
import Logging

/// Watches the room on a store's disk, and tells of each change once, whoever looks.
final class RoomWatch: Sendable {
  private let room: DiskRoom
  private let path: String
  private let log: Logger
  private let isShort = Locked(false)

  init(_ room: DiskRoom, at path: String, _ log: Logger) {
    (self.room, self.path, self.log) = (room, path, log)
  }

  /// What is missing for new samples; nil when there is room.
  func look() -> CohortError? {
    let shortage = room.shortage(at: path)
    let wasShort = isShort.withLock { isShort in
      defer { isShort = shortage != nil }
      return isShort
    }
    guard let shortage else {
      if wasShort { log.info("disk_has_room") }
      return nil
    }
    if !wasShort {
      log.warning(
        "disk_low",
        metadata: ["free": .stringConvertible(shortage.free), "needed": .stringConvertible(shortage.needed)])
    }
    return CohortError(
      .daemonLowDisk, "There is too little room on the disk to take in samples", place: path,
      cause: "\(shortage.free) bytes are free, \(shortage.needed) are needed",
      hint: "Free some space, or choose another limit with --minimum-free")
  }
}
