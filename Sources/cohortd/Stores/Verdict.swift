import CohortCore

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
  /// Something else about the store or the machine: try again later.
  case trouble

  /// The verdict on an error that came up while a file was ingested, or the store was worked on.
  init(_ error: any Error) {
    guard let known = error as? any DescribedError else {
      self = .trouble
      return
    }
    switch (known.code, known.category) {
    case ("pipeline.interrupted", _): self = .interrupted
    case ("lmdb.disk-full", _), ("catalog.disk-full", _), ("pipeline.disk-full", _): self = .noRoom
    case ("lmdb.panic", _), ("lmdb.io", _): self = .reopen
    case (_, .temporary): self = .trouble
    case (let code, _) where code.hasPrefix("ingestion.") || code.hasPrefix("pipeline."): self = .file
    case (_, .usage): self = .file
    default: self = .trouble
    }
  }
}
