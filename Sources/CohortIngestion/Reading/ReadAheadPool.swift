internal import CohortCore
internal import CohortSystem

/// Threads that read and parse ahead of the consumer.
///
/// Each source is a lane. A worker takes a lane that nobody reads, cuts one block from it, gives the lane back, and then
/// parses the block; so one large file is parsed by all workers, and many small files are read at once. Results wait in
/// their lane under their number, and the consumer takes them in order of lanes and numbers.
///
/// Back-pressure: the lane the consumer reads may be `window` blocks ahead, all others together as many. So the block
/// the consumer waits for is never held up by later ones.
final class ReadAheadPool: Sendable {
  private let lanes: Lanes
  private let threads = Locked<[WorkThread]?>(nil)

  init(sources: [InputSource], options: IngestionOptions, memory: BlockMemoryPool) {
    lanes = Lanes(sources: sources, options: options, memory: memory)
  }

  /// Ends the workers, and waits for them: none is left that could hold a parser.
  func cancel() {
    lanes.state.change { $0.isCancelled = true }
    for thread in threads.withLock({ $0 }) ?? [] { thread.join() }
  }

  /// The next block; nil after the last one of the last source.
  /// - Throws: `system.no-thread`; what ended a source. The next call goes on with the next one.
  func next() throws(CohortError) -> SourceBatch? {
    try startWorkers()
    return try lanes.take()?.get()
  }

  private func startWorkers() throws(CohortError) {
    guard threads.withLock({ $0 == nil }) else { return }
    var started: [WorkThread] = []
    for _ in 0..<lanes.options.workers {
      do throws(CohortError) {
        started.append(try WorkThread { [lanes] in lanes.work() })
      } catch {
        // The others do its part.
        if started.isEmpty { throw error }
      }
    }
    let all = started
    threads.withLock { $0 = all }
  }
}

/// What the workers share.
///
/// Guard of the unchecked conformance: a scanner is used by the worker that marked its lane busy.
private final class Lanes: @unchecked Sendable {
  struct Lane {
    var scanner: RecordScanner?
    var isBusy = false
    /// Nothing more will be cut.
    var isExhausted = false
    var cut = 0
    var outstanding = 0
    var results: [Int: Result<SourceBatch, CohortError>] = [:]
  }

  struct State {
    var lanes: [Lane]
    /// The lane and the number of the block that the consumer takes next.
    var head = 0
    var taken = 0
    /// Blocks cut and not taken, over all lanes.
    var outstanding = 0
    /// Lanes before this one are exhausted.
    var firstOpen = 0
    var isCancelled = false
  }

  let options: IngestionOptions
  let state: Locked<State>
  private let sources: [InputSource]
  private let memory: BlockMemoryPool
  private let window: Int

  init(sources: [InputSource], options: IngestionOptions, memory: BlockMemoryPool) {
    self.memory = memory
    self.sources = sources
    self.options = options
    window = options.workers + 2
    state = Locked(State(lanes: [Lane](repeating: Lane(), count: sources.count)))
  }

  /// Waits for the next result; nil after the last lane.
  func take() -> Result<SourceBatch, CohortError>? {
    state.wait { state -> Result<SourceBatch, CohortError>?? in
      guard state.head < state.lanes.count else { return .some(nil) }
      guard let result = state.lanes[state.head].results.removeValue(forKey: state.taken) else { return nil }
      state.lanes[state.head].outstanding -= 1
      state.outstanding -= 1
      state.taken += 1
      if case .success(let batch) = result, !batch.finishedSource { return .some(result) }
      state.lanes[state.head].results = [:]
      state.lanes[state.head].scanner = nil
      state.head += 1
      state.taken = 0
      return .some(result)
    }
  }

  func work() {
    let parser: Result<RecordParser, CohortError>
    do throws(CohortError) {
      parser = .success(try RecordParser(limits: options.limits))
    } catch {
      parser = .failure(error)
    }
    while let lane = claim() {
      let number: Int
      let result: Result<SourceBatch, CohortError>
      do throws(CohortError) {
        let parser = try parser.get()
        let scanner = try scanner(of: lane)
        let block = try scanner.next()
        number = release(lane, scanner, isExhausted: block.isLast)
        result = .success(SourceBatch(block, source: sources[lane], parser: parser))
      } catch {
        number = release(lane, nil, isExhausted: true)
        result = .failure(error)
      }
      state.change { $0.lanes[lane].results[number] = result }
    }
  }

  /// Marks the first lane that may be read as busy, or waits for one. Nil when there is nothing left to do.
  private func claim() -> Int? {
    state.wait { state -> Int?? in
      if state.isCancelled { return .some(nil) }
      while state.firstOpen < state.lanes.count, state.lanes[state.firstOpen].isExhausted { state.firstOpen += 1 }
      if state.firstOpen == state.lanes.count { return .some(nil) }
      for index in state.firstOpen..<min(state.lanes.count, state.firstOpen + 2 * window) {
        guard !state.lanes[index].isBusy, !state.lanes[index].isExhausted else { continue }
        let ahead =
          index == state.head
          ? state.lanes[index].outstanding
          : state.outstanding - state.lanes[min(state.head, state.lanes.count - 1)].outstanding
        guard ahead < window else { continue }
        state.lanes[index].isBusy = true
        state.lanes[index].outstanding += 1
        state.outstanding += 1
        return .some(index)
      }
      return nil
    }
  }

  private func scanner(of lane: Int) throws(CohortError) -> RecordScanner {
    if let known = state.withLock({ $0.lanes[lane].scanner }) { return known }
    return try RecordScanner(sources[lane], options: options, pool: memory)
  }

  /// Gives a lane back, and returns the number of the block that was cut from it.
  private func release(_ lane: Int, _ scanner: RecordScanner?, isExhausted: Bool) -> Int {
    state.change { state in
      state.lanes[lane].scanner = isExhausted ? nil : scanner
      state.lanes[lane].isBusy = false
      state.lanes[lane].isExhausted = isExhausted
      state.lanes[lane].cut += 1
      return state.lanes[lane].cut - 1
    }
  }
}
