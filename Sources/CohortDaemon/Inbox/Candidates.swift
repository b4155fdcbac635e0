import CohortSystem

/// Decides when the files of an inbox may be taken. Pure: what was seen and when goes in, what may be taken comes out.
///
/// ```
///            seen                     renamed into the inbox
///   nothing ------> settling(since) ------------------------------> complete
///                     | ^    | same stamp for `quiet`                  |
///       other stamp   +-+    +----------------> taken <----------------+
///                                                 | somebody writes to it
///                                                 v
///                                              held(since): settles again
/// ```
struct Candidates {
  typealias Instant = ContinuousClock.Instant

  private struct Entry {
    var stamp: FileStatus
    /// When this stamp was seen first.
    var since: Instant
    var isComplete: Bool
    var isHeld = false
  }

  let quiet: Duration
  private var entries: [InboxName: Entry] = [:]

  init(quiet: Duration) { self.quiet = quiet }

  /// A file was found.
  /// - Parameters:
  ///   - age: how long ago it changed last, by the system's clock.
  ///   - isComplete: it was renamed into the inbox.
  mutating func see(
    _ name: InboxName, _ stamp: FileStatus, age: Duration, isComplete: Bool = false, at now: Instant
  ) {
    if var known = entries[name] {
      if !known.stamp.hasContent(of: stamp) { known = Entry(stamp: stamp, since: now, isComplete: false) }
      known.isComplete = known.isComplete || isComplete
      entries[name] = known
    } else {
      entries[name] = Entry(stamp: stamp, since: now - min(max(age, .zero), quiet), isComplete: isComplete)
    }
  }

  mutating func forget(_ name: InboxName) { entries[name] = nil }

  /// Forgets all that a complete look through the inbox did not find.
  mutating func keep(only found: Set<InboxName>) { entries = entries.filter { found.contains($0.key) } }

  /// The file cannot be taken yet: somebody has it open for writing.
  /// - Returns: whether that is news.
  mutating func hold(_ name: InboxName, at now: Instant) -> Bool {
    guard var entry = entries[name] else { return false }
    let isNews = !entry.isHeld
    (entry.isComplete, entry.isHeld, entry.since) = (false, true, now)
    entries[name] = entry
    return isNews
  }

  /// Bytes of a file as it was seen last.
  func size(of name: InboxName) -> Int64? { entries[name].map { Int64($0.stamp.size) } }

  func contains(_ name: InboxName) -> Bool { entries[name] != nil }

  func isReady(_ name: InboxName, at now: Instant) -> Bool {
    guard let entry = entries[name] else { return false }
    return entry.isComplete || entry.since + quiet <= now
  }

  /// The records that may be taken, in byte order of their names. A file waits for its vectors while those settle;
  /// vectors alone are never taken.
  func ready(at now: Instant) -> [InboxName] {
    entries.keys.filter { name in
      !name.isVectors && isReady(name, at: now) && (!contains(name.vectors) || isReady(name.vectors, at: now))
    }.sorted()
  }

  /// Vectors without records.
  var orphans: [InboxName] {
    let awaited = Set(entries.keys.filter { !$0.isVectors }.map(\.vectors))
    return entries.keys.filter { $0.isVectors && !awaited.contains($0) }.sorted()
  }

  /// Whether something may become ready by itself, without anybody's doing.
  var isSettling: Bool {
    let lonely = Set(orphans)
    return entries.contains { !$0.value.isHeld && !lonely.contains($0.key) }
  }

  /// When all files may be taken, if nothing changes until then.
  func allReady(after now: Instant) -> Instant {
    entries.values.compactMap { $0.isComplete ? nil : $0.since + quiet }.max() ?? now
  }

  /// When the next file may have been quiet for long enough.
  func nextReady(after now: Instant) -> Instant? {
    entries.values.compactMap { $0.isComplete ? nil : $0.since + quiet }.filter { $0 > now }.min()
  }
}
