internal import Foundation

/// Results of a job that wait for their commit.
protocol CommitSlice<Output> {
  associatedtype Output
  /// Samples that wait.
  var count: Int { get }
  mutating func append(_ output: Output)
  /// Commits what waits in one transaction; does nothing where nothing waits.
  mutating func commit() throws
}

/// Does work on threads of its own, and gives the results in the order in which it was added. A few results wait for
/// whoever takes them at most.
///
/// Guard of the unchecked conformance: every access to the mutable state holds `condition`.
final class OrderedQueue<Input: Sendable, Output: Sendable>: @unchecked Sendable {
  typealias Outcome = Result<Output, any Error>

  private let condition = NSCondition()
  private var waiting: [(place: Int, input: Input)] = []
  private var finished: [Int: Outcome] = [:]
  /// Pieces of work added, and results taken.
  private var added = 0
  private var taken = 0
  private var isClosed = false
  private let work: @Sendable (Input) throws -> Output
  private let limit: Int

  init(threads: Int, work: @escaping @Sendable (Input) throws -> Output) {
    self.work = work
    limit = 2 * threads + 2
    for _ in 0..<threads {
      let thread = Thread { [self] in run() }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// Whether more work can be added: otherwise a result must be taken first.
  var hasRoom: Bool { condition.withLock { added - taken < limit } }

  var isEmpty: Bool { condition.withLock { added == taken } }

  func add(_ input: Input) {
    condition.withLock {
      waiting.append((added, input))
      added += 1
      condition.broadcast()
    }
  }

  /// The next result; nil when it is not there within `seconds`.
  func take(within seconds: Double) -> Outcome? {
    let deadline = Date(timeIntervalSinceNow: seconds)
    return condition.withLock {
      while finished[taken] == nil { guard condition.wait(until: deadline) else { break } }
      guard let outcome = finished.removeValue(forKey: taken) else { return nil }
      taken += 1
      return outcome
    }
  }

  /// Does all work that `next` gives, commits the results in slices, and closes the queue.
  /// - Parameters:
  ///   - samples: a slice is committed as soon as it has that many.
  ///   - next: the work; nil at its end.
  /// - Throws: what the work, `next` and the commits throw, and `pipeline.interrupted`, after everything before it is
  ///   committed.
  func finish<Slice: CommitSlice<Output>>(
    into slice: inout Slice, of samples: Int, _ control: JobControl, _ next: () throws -> Input?
  ) throws {
    defer { close() }
    do {
      var isFed = false
      while true {
        while !isFed, hasRoom {
          if let input = try next() { add(input) } else { isFed = true }
        }
        if isEmpty { break }
        if let outcome = take(within: 0.2) { slice.append(try outcome.get()) }
        if slice.count >= samples { try slice.commit() }
        try control.checkpoint()
      }
    } catch {
      try slice.commit()
      throw error
    }
    try slice.commit()
  }

  /// Ends the threads; what they have not begun is dropped.
  func close() {
    condition.withLock {
      isClosed = true
      waiting = []
      condition.broadcast()
    }
  }

  private func run() {
    while let next = waitForWork() {
      let outcome = Outcome { try work(next.input) }
      condition.withLock {
        finished[next.place] = outcome
        condition.broadcast()
      }
    }
  }

  private func waitForWork() -> (place: Int, input: Input)? {
    condition.withLock {
      while waiting.isEmpty && !isClosed { condition.wait() }
      return isClosed ? nil : waiting.removeFirst()
    }
  }
}
