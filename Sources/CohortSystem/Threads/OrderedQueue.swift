public import CohortCore

/// Work that threads of its own do ahead of whoever takes the results, which come in the order of the inputs.
///
/// One thread at a time fetches the next input; the work on several of them goes on side by side. Errors of either take the
/// place of their result. At most `limit` results wait or are being made.
///
/// ```swift
/// let queue = try OrderedQueue(threads: 2, limit: 6, fetch: { reader.next() }, work: { compress($0) })
/// while let result = try queue.take() { ... }
/// ```
public final class OrderedQueue<Output: Sendable>: Sendable {
  private let lanes: Lanes<Output>
  private let threads: [WorkThread]

  /// Starts the threads, which begin at once.
  /// - Parameters:
  ///   - fetch: gives the next input; nil at the end. Never called by two threads at once.
  ///   - work: makes a result of it.
  /// - Throws: `system.no-thread` when not even one thread can be had.
  public init<Input>(
    threads count: Int, limit: Int, fetch: sending @escaping () throws -> Input?,
    work: @escaping @Sendable (Input) throws -> Output
  ) throws(CohortError) {
    let lanes = Lanes<Output>(limit: limit)
    self.lanes = lanes
    let source = Locked(Inputs(fetch: fetch))
    var started: [WorkThread] = []
    while started.count < max(count, 1) {
      do throws(CohortError) {
        started.append(try WorkThread { lanes.run(source, work) })
      } catch {
        // The others do its part.
        if started.isEmpty { throw error }
        break
      }
    }
    threads = started
    lanes.begin(threads: started.count)
  }

  deinit { close() }

  /// The next result; nil after the last one. Waits for it.
  /// - Throws: what fetching or making it threw; the results behind it can be taken all the same.
  public func take() throws -> Output? { try lanes.take()?.get() }

  /// The next result if it is there, or is within some seconds.
  /// - Returns: nil when it is not; `.some(nil)` after the last one.
  public func take(within seconds: Double) throws -> Output?? {
    guard let taken = lanes.take(within: seconds) else { return nil }
    return .some(try taken?.get())
  }

  /// Ends the threads after what they are doing, and waits for that. What they made is dropped.
  public func close() {
    lanes.close()
    for thread in threads { thread.join() }
  }
}

/// The input of a queue, behind its lock.
private struct Inputs<Input> {
  let fetch: () throws -> Input?
  /// The place of the next input in the order.
  var place = 0
  var isOver = false
}

/// What the threads of a queue share. They hold this and not the queue, so that the queue can end them.
private final class Lanes<Output: Sendable>: Sendable {
  typealias Outcome = Result<Output, any Error>

  private struct State {
    /// Results by their place in the order.
    var finished: [Int: Outcome] = [:]
    /// Places given out and taken.
    var begun = 0
    var taken = 0
    var running: Int?
    var isClosed = false

    /// Whether no result will come any more that was not taken.
    var isOver: Bool { running == 0 && finished.isEmpty || isClosed }
  }

  private let state = Locked(State())
  private let limit: Int

  init(limit: Int) { self.limit = max(limit, 1) }

  func begin(threads: Int) { state.change { $0.running = ($0.running ?? 0) + threads } }

  func close() { state.change { $0.isClosed = true } }

  func take() -> Outcome? {
    state.wait { Self.next(&$0) } ?? nil
  }

  func take(within seconds: Double) -> Outcome?? {
    state.wait(seconds: seconds) { Self.next(&$0) }
  }

  /// Nil: not yet; `.some(nil)`: never.
  private static func next(_ state: inout State) -> Outcome?? {
    if let outcome = state.finished.removeValue(forKey: state.taken) {
      state.taken += 1
      return .some(outcome)
    }
    return state.isOver ? .some(nil) : nil
  }

  func run<Input>(_ source: Locked<Inputs<Input>>, _ work: (Input) throws -> Output) {
    while waitForRoom() {
      guard let (place, input) = fetch(source) else { break }
      let outcome: Outcome =
        switch input {
        case .success(let input): Outcome { try work(input) }
        case .failure(let error): .failure(error)
        }
      state.change { $0.finished[place] = outcome }
    }
    state.change { $0.running = ($0.running ?? 0) - 1 }
  }

  private func fetch<Input>(
    _ source: Locked<Inputs<Input>>
  ) -> (place: Int, input: Result<Input, any Error>)? {
    source.withLock { source in
      guard !source.isOver, !state.withLock({ $0.isClosed }) else { return nil }
      let input: Result<Input, any Error>
      do {
        guard let next = try source.fetch() else {
          source.isOver = true
          return nil
        }
        input = .success(next)
      } catch {
        input = .failure(error)
      }
      defer { source.place += 1 }
      return (source.place, input)
    }
  }

  /// - Returns: false when the queue was closed.
  private func waitForRoom() -> Bool {
    state.wait { state in
      if state.isClosed { return false }
      guard state.begun - state.taken < limit else { return nil }
      state.begun += 1
      return true
    }
  }
}
