import CohortCore
import Logging

extension InboxWorker {
  /// Whether files may be taken. Tells of each change.
  func hasRoom() throws -> Bool {
    guard let shortage = process.roomShortage() else {
      isShort = false
      return true
    }
    isShort = true
    if isOnce { throw shortage }
    return false
  }

  func recovered() { (failuresInARow, wasReopened, pausedUntil) = (0, false, nil) }

  /// - Returns: an exit code when there is no way to go on.
  func recover(from error: any Error) -> Int32? {
    let verdict = Verdict(error)
    if verdict == .interrupted { return nil }
    let words = CohortError(describing: error, as: .daemonUnknown)
    if verdict == .takenAway { return process.endTakenAway(words) }
    if isOnce { return process.giveUp(words) }
    if verdict == .reopen {
      guard !wasReopened, process.reopen(after: words) else { return process.giveUp(words) }
      wasReopened = true
      return nil
    }
    failuresInARow += 1
    let pause = verdict == .noRoom ? 5 : min(1 << min(failuresInARow, 6), 60)
    pausedUntil = .now + .seconds(process.tellOfTrouble(words, seconds: Double(pause)))
    return nil
  }

  func giveUp(_ error: any Error) -> Int32 { process.giveUp(CohortError(describing: error, as: .daemonUnknown)) }
}
