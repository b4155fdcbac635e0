public import CohortCore

extension ReadTransaction {
  /// Calls `body` with each entry of some kinds from `sequence` on, in order, until it returns false. Other entries are
  /// checked, but not decoded.
  /// - Returns: where the log goes on behind the last entry that was looked at.
  /// - Throws: `store.corrupted` for a damaged or missing entry of any kind; what `body` throws.
  /// - Complexity: O(bytes of the entries passed).
  @discardableResult
  public func forEachEntry(
    of kinds: Set<LogKind>, from sequence: LogSequence = LogSequence(1), _ body: (LogEntry) throws -> Bool
  ) throws -> LogSequence {
    var next = sequence
    try forEachStoredEntry(from: sequence) { sequence, bytes in
      next = sequence.next
      // Behind checksum and version; a kind that is not known is decoded, and that fails.
      if bytes.count > 9, let kind = LogEvent.kind(tag: bytes[9])?.kind, !kinds.contains(kind) {
        _ = try Sealed.open(bytes, SealPlace(.log, sequence.rawValue), "Log entry \(sequence)")
        return true
      }
      return try body(try LogEntry(sequence: sequence, bytes))
    }
    return next
  }

  /// Calls `body` with each round of a grouping from `sequence` on, in order, until it returns false.
  /// - Returns, throws, complexity: as `forEachEntry(of:from:_:)`.
  @discardableResult
  public func forEachRound(
    of grouping: GroupingID, from sequence: LogSequence, _ body: (LogEntry, LogEvent.Round) throws -> Bool
  ) throws -> LogSequence {
    try forEachEntry(of: [LogEvent.Round.kind], from: sequence) { entry in
      guard let round = entry.event as? LogEvent.Round, round.grouping == grouping else { return true }
      return try body(entry, round)
    }
  }
}
