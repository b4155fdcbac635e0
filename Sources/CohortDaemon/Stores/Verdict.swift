import CohortCatalog
import CohortCore
import CohortPipeline
import CohortStore

/// Whose fault an error is, and so what to do about it.
enum Verdict: Hashable {
  /// Somebody asked for the end.
  case interrupted
  /// The file cannot be used: put it aside, go on with the next.
  case file
  /// The disk is full: wait for room.
  case noRoom
  /// LMDB gave up, or the disk reported an error: close the store and open it anew, once.
  case reopen
  /// The store is not where it was: end, so that what is there now is opened.
  case takenAway
  /// Something else about the store or the machine: try again later.
  case trouble

  /// The verdict on an error that came up while a file was ingested, or the store was worked on.
  init(_ error: any Error) {
    guard let known = error as? CohortError else {
      self = .trouble
      return
    }
    switch known.code {
    case _ where known.category == .interrupted: self = .interrupted
    case .catalogDiskFull, .pipelineDiskFull: self = .noRoom
    case let code where ErrorCode.storeNoRoom.contains(code): self = .noRoom
    case let code where ErrorCode.storeTakenAway.contains(code): self = .takenAway
    case let code where ErrorCode.storeReopen.contains(code): self = .reopen
    case _ where known.category == .temporary: self = .trouble
    case _ where known.code.module == .ingestion || known.code.module == .pipeline: self = .file
    case _ where known.category == .usage: self = .file
    default: self = .trouble
    }
  }
}
