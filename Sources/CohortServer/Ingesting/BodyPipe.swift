internal import CohortCore
internal import CohortIngestion
internal import CohortSystem

/// A bounded channel of bytes from a task, which is suspended while it is full, to a thread, which is blocked while it
/// is empty.
final class BodyPipe: InputFeed {
  private struct State {
    /// Pieces that were not read; of the first one, `taken` bytes were.
    var pieces = Waiting<[UInt8]>()
    var taken = 0
    var count = 0
    var isEnded = false
    /// What ends the reading in place of an end.
    var failure: CohortError?
    /// Nobody will read any more.
    var isClosed = false
    var writer: CheckedContinuation<Void, Never>?

    /// The writer that may go on: to be resumed outside of the lock.
    mutating func takeWriter() -> CheckedContinuation<Void, Never>? {
      defer { writer = nil }
      return writer
    }
  }

  /// Bytes that wait at most, but for one piece.
  private let capacity: Int
  private let idleSeconds: Double
  private let waits: @Sendable (Bool) -> Void
  private let state: Locked<State>

  /// - Parameters:
  ///   - first: what is in it already.
  ///   - idleSeconds: how long a reader waits for more.
  ///   - waits: is told when a reader begins and ends to wait.
  init(
    _ first: [UInt8] = [], capacity: Int = 1 << 20, idleSeconds: Double = 60,
    waits: @escaping @Sendable (Bool) -> Void = { _ in }
  ) {
    self.capacity = capacity
    self.idleSeconds = idleSeconds
    self.waits = waits
    state = Locked(State(pieces: Waiting(first.isEmpty ? [] : [first]), count: first.count))
  }

  // MARK: The task

  /// Adds bytes, and waits until there is room for more. One task writes.
  /// - Returns: false when nobody will read what comes next.
  func write(_ bytes: [UInt8]) async -> Bool {
    let isFull = state.change { state -> Bool in
      guard !state.isClosed, state.failure == nil else { return false }
      if !bytes.isEmpty { state.pieces.append(bytes) }
      state.count += bytes.count
      return state.count > capacity
    }
    if isFull {
      await withCheckedContinuation { continuation in
        let isNeeded = state.withLock { state in
          guard state.count > capacity, !state.isClosed, state.failure == nil else { return false }
          state.writer = continuation
          return true
        }
        if !isNeeded { continuation.resume() }
      }
    }
    return state.withLock { !$0.isClosed && $0.failure == nil }
  }

  /// Nothing more will come.
  func end() { state.change { $0.isEnded = true } }

  /// Ends the reading with an error, after what is there. The first one counts.
  func fail(_ error: CohortError) {
    let writer = state.change { state in
      if state.failure == nil, !state.isEnded { state.failure = error }
      return state.takeWriter()
    }
    writer?.resume()
  }

  /// The first bytes that wait to be read.
  var head: [UInt8] { state.withLock { Array($0.pieces.first?.prefix(16) ?? []) } }

  // MARK: The thread

  /// Whoever writes need not go on.
  func close() {
    let writer = state.change { state in
      state.isClosed = true
      (state.pieces, state.taken, state.count) = (Waiting(), 0, 0)
      return state.takeWriter()
    }
    writer?.resume()
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int {
    guard let taken = state.withLock({ take(&$0, into: target) }) ?? wait(target) else {
      throw CohortError(
        .bodyIdle, "Nothing came for \(Int(idleSeconds)) seconds",
        hint: "Send the body without long pauses; what was stored is known when it comes again")
    }
    taken.writer?.resume()
    if let failure = taken.failure { throw failure }
    return taken.count
  }

  private typealias Taken = (count: Int, writer: CheckedContinuation<Void, Never>?, failure: CohortError?)

  private func wait(_ target: UnsafeMutableRawBufferPointer) -> Taken? {
    waits(true)
    defer { waits(false) }
    return state.wait(seconds: idleSeconds) { take(&$0, into: target) }
  }

  /// What there is; nil while that is nothing.
  private func take(_ state: inout State, into target: UnsafeMutableRawBufferPointer) -> Taken? {
    guard state.count > 0 else {
      if let failure = state.failure { return (0, nil, failure) }
      return state.isEnded || state.isClosed ? (0, nil, nil) : nil
    }
    var filled = 0
    while filled < target.count, let piece = state.pieces.first {
      let count = min(piece.count - state.taken, target.count - filled)
      piece.withUnsafeBytes { piece in
        let from = UnsafeRawBufferPointer(rebasing: piece[state.taken..<(state.taken + count)])
        UnsafeMutableRawBufferPointer(rebasing: target[filled..<(filled + count)]).copyMemory(from: from)
      }
      filled += count
      state.taken += count
      if state.taken == piece.count {
        _ = state.pieces.popFirst()
        state.taken = 0
      }
    }
    state.count -= filled
    return (filled, state.count <= capacity / 2 ? state.takeWriter() : nil, nil)
  }
}
