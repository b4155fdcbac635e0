internal import CohortCore
internal import CohortSearch
internal import CohortStore
internal import CohortTables

/// What one transaction of the index adds, read in one short transaction of the store.
struct SearchSlice {
  /// Samples with their words, a space behind each.
  private(set) var texts: [(id: UInt64, words: String)] = []
  /// Of each sample from `first` on, how many words it has; 0 for one that was deleted.
  private(set) var sizes: [UInt32] = []
  /// Samples that the index shows and that are deleted.
  let deleted: [UInt64]
  let first: UInt64
  /// The entry of the log whose deletions are among these.
  let applied: LogSequence
  let mark: String
  /// Samples that wait behind these.
  let waiting: UInt64
  /// Whether there is nothing to do.
  let isEmpty: Bool
  /// Whether the log has no deletions behind these.
  let isLast: Bool

  /// What a slice holds at most, so that its memory and the time of its transactions do not depend on the store.
  private static let (mostBytes, mostDeletions) = (4 << 20, 50_000)

  /// - Parameters:
  ///   - position: nil for an index that shows nothing yet: no deletion concerns it.
  ///   - most: samples of the slice.
  init(_ transaction: borrowing ReadTransaction, after position: SearchPosition?, most: UInt64) throws {
    let counters = try transaction.counters
    first = position?.next ?? 0
    var (applied, deleted) = (counters.lastSequence, [UInt64]())
    if let position, position.applied < applied {
      let next = try transaction.forEachEntry(of: [LogEvent.Delete.kind], from: position.applied.next) { entry in
        if let event = entry.event as? LogEvent.Delete {
          deleted += event.ids.lazy.map(\.rawValue).filter { $0 < position.next }
        }
        return deleted.count < Self.mostDeletions
      }
      applied = min(applied, LogSequence(next.rawValue - 1))
    }
    guard let entry = try transaction.entry(applied) else {
      throw CohortError.unreadable(applied, "The log", cause: "the entry is missing")
    }
    (self.applied, self.deleted) = (applied, deleted)
    mark = "\(entry.digest)"
    // What is indexed is of this state: with all deletions up to it, so that none is missed.
    isLast = applied == counters.lastSequence
    var id = first
    if isLast {
      let end = min(counters.nextSample, first + most)
      var (words, bytes) = (Words(), 0)
      while id < end, bytes < Self.mostBytes {
        words.removeAll()
        try transaction.withSample(SampleID(id)) { view in
          if let view { try words.add(sample: view.content) }
        }
        sizes.append(words.count)
        if words.count > 0 { texts.append((id, String(decoding: words.bytes, as: UTF8.self))) }
        bytes += words.bytes.count
        id += 1
      }
    }
    waiting = counters.nextSample - id
    isEmpty = id == first && applied == position?.applied
  }
}
