import CohortCore
import Logging

extension StoreWorker {
  /// Whether files may be taken. Tells of each change.
  func hasRoom() throws -> Bool {
    let shortage = settings.room.shortage(at: settings.store)
    if let shortage {
      let fields: Logger.Metadata = [
        "free": .stringConvertible(shortage.free), "needed": .stringConvertible(shortage.needed),
      ]
      if !isShort {
        log.warning("disk_low", metadata: fields)
      }
      isShort = true
      if settings.once {
        throw CohortError(
          .daemonLowDisk, "There is too little room on the disk to take files", place: settings.store,
          cause: "\(shortage.free) bytes are free, \(shortage.needed) are needed",
          hint: "Free some space, or choose another limit with --minimum-free")
      }
      return false
    }
    if isShort { log.info("disk_has_room") }
    isShort = false
    return true
  }

  func recovered() { (failuresInARow, wasReopened, pausedUntil) = (0, false, nil) }

  /// - Returns: an exit code when there is no way to go on.
  func recover(from error: any Error) -> Int32? {
    let verdict = Verdict(error)
    if verdict == .interrupted { return nil }
    if settings.once { return giveUp(error) }
    var words = CohortError(describing: error, as: .daemonUnknown).metadata
    if verdict == .reopen {
      if wasReopened { return giveUp(error) }
      log.error("reopening", metadata: words)
      wasReopened = true
      owned = nil
      do {
        owned = OwnedStore(try Self.open(settings), log: log)
        isUpdateDue = true
        log.info("reopened")
        return nil
      } catch {
        return giveUp(error)
      }
    }
    failuresInARow += 1
    let pause = verdict == .noRoom ? 5 : min(1 << min(failuresInARow, 6), 60)
    words["retry_seconds"] = .stringConvertible(pause)
    log.error("trouble", metadata: words)
    pausedUntil = .now + .seconds(pause)
    return nil
  }

  func giveUp(_ error: any Error) -> Int32 {
    let words = CohortError(describing: error, as: .daemonUnknown)
    log.error("gave_up", metadata: words.metadata)
    owned = nil
    return words.category.exitCode
  }
}
