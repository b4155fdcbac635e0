internal import CohortSystem

/// Results of a job that wait for their commit.
protocol CommitSlice<Output> {
  associatedtype Output: Sendable
  /// Samples that wait.
  var count: Int { get }
  mutating func append(_ output: Output)
  /// Commits what waits in one transaction; does nothing where nothing waits.
  mutating func commit() throws
}

extension CommitSlice {
  /// Takes all that a queue makes, and commits it in slices.
  /// - Parameter samples: a slice is committed as soon as it has that many.
  /// - Throws: what the queue and the commits throw, and `pipeline.interrupted`, after everything before it is committed.
  mutating func commitAll(of queue: OrderedQueue<Output>, every samples: Int, _ control: JobControl) throws {
    defer { queue.close() }
    do {
      while true {
        if let taken = try queue.take(within: 0.2) {
          guard let output = taken else { break }
          append(output)
        }
        if count >= samples { try commit() }
        try control.checkpoint()
      }
    } catch {
      try commit()
      throw error
    }
    try commit()
  }
}
