internal import CohortCore
internal import CohortSystem
internal import NIOCore

/// Bytes of an answer on their way from the thread that makes them to the task that sends them.
///
/// A small answer is complete before anything of it is sent: then its length is known, and an error on the way becomes a
/// problem document. A large one is sent while it is made, and its maker stands aside for others from then on; when its
/// client takes nothing for too long, the maker is told to stop.
final class AnswerPipe: Sendable {
  private struct State {
    var pieces: [ByteBuffer] = []
    var bytes = 0
    var isStreaming = false
    var end: Result<Void, any Error>?
    /// Nobody takes anything any more.
    var isAbandoned = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Locked(State())
  /// More bytes than this wait for nobody.
  private let capacity: Int
  private let seconds: Double
  /// The pool of the thread that makes the answer.
  private let pool: WorkPool
  /// Seconds that an answer which is too long to be sent whole waits for its place among those.
  private static let placeSeconds = 2.0

  /// - Parameters:
  ///   - pool: of the thread that makes the answer.
  ///   - capacity: bytes that may be there before somebody takes them; an answer of no more is sent whole.
  ///   - seconds: how long nobody may take anything.
  init(from pool: WorkPool, capacity: Int = 256 << 10, seconds: Double) {
    self.pool = pool
    self.capacity = capacity
    self.seconds = seconds
  }

  // MARK: The thread's end

  /// Adds a piece. Blocks while there are enough.
  /// - Throws: `server.client-gone`; `server.busy` when the answer is too long to be sent whole and too many of those are
  ///   under way: nothing of it is sent then.
  func put(_ piece: ByteBuffer) throws {
    let (isFull, begins) = try state.withLock { state in
      guard !state.isAbandoned else { throw Self.gone }
      return (state.bytes >= capacity, !state.isStreaming && state.bytes + piece.readableBytes >= capacity)
    }
    if begins { try pool.standAside(seconds: Self.placeSeconds) }
    if isFull { try waitForRoom() }
    wake { state in
      state.pieces.append(piece)
      state.bytes += piece.readableBytes
      if begins { state.isStreaming = true }
      return state.isStreaming
    }
  }

  private func waitForRoom() throws {
    // Each piece that is taken begins the wait anew: only a client that takes nothing at all is given up.
    while true {
      let before = state.withLock { $0.bytes }
      let isRoom: Bool? = try state.wait(seconds: seconds) { state in
        guard !state.isAbandoned else { throw Self.gone }
        return state.bytes < capacity ? true : state.bytes < before ? false : nil
      }
      switch isRoom {
      case true?: return
      case false?: continue
      case nil:
        abandon()
        throw Self.gone
      }
    }
  }

  /// There is no more.
  func finish(_ end: Result<Void, any Error>) {
    let wasStreaming = state.withLock { $0.isStreaming }
    wake { state in
      state.end = end
      return true
    }
    if wasStreaming { pool.comeBack() }
  }

  private static var gone: CohortError { CohortError(.serverGone, "The client takes no more of the answer") }

  private func wake(_ change: (inout State) -> Bool) {
    let waiter: CheckedContinuation<Void, Never>? = state.change { state in
      guard change(&state) else { return nil }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  // MARK: The task's end

  /// Waits until it is known whether the answer is sent whole.
  /// - Returns: all of it, or nil when it has to be streamed.
  /// - Throws: what ended a small answer.
  func whole() async throws -> ByteBuffer? {
    await wait { $0.isStreaming || $0.end != nil }
    return try state.change { state in
      guard !state.isStreaming, let end = state.end else { return nil }
      try end.get()
      defer { (state.pieces, state.bytes) = ([], 0) }
      var all = ByteBuffer()
      all.reserveCapacity(state.bytes)
      for piece in state.pieces { all.writeImmutableBuffer(piece) }
      return all
    }
  }

  /// The next pieces; nil at the end.
  /// - Throws: what ended the answer before its end.
  func next() async throws -> [ByteBuffer]? {
    await wait { !$0.pieces.isEmpty || $0.end != nil }
    return try state.change { state in
      guard state.pieces.isEmpty else {
        defer { (state.pieces, state.bytes) = ([], 0) }
        return state.pieces
      }
      try state.end?.get()
      return nil
    }
  }

  private func wait(_ isThere: @Sendable (State) -> Bool) async {
    await withCheckedContinuation { continuation in
      let isReady = state.withLock { state in
        if isThere(state) { return true }
        state.waiter = continuation
        return false
      }
      if isReady { continuation.resume() }
    }
  }

  /// Nobody will take anything any more.
  func abandon() {
    wake { state in
      state.isAbandoned = true
      (state.pieces, state.bytes) = ([], 0)
      if state.end == nil { state.end = .failure(Self.gone) }
      return true
    }
  }
}
