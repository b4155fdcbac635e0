internal import CohortCore
internal import CohortSystem

/// Where the owner of a store lends turns to write: a socket in the store's folder, for the same user only.
///
/// A guest opens the store itself (`Store.Access.guest`) and asks for each of its transactions; both sides send lines.
///
/// ```
/// guest                                   owner
/// cohort-guest 1 cohort ingest, 4711  ->
///                                     <-  welcome
/// turn                                ->
///                                     <-  wait          (each second, while others are before it)
///                                     <-  go
/// done                                ->
///                                     <-  overdue WHO   (instead of go, when somebody does not give the turn back)
/// hold groupings                      ->
///                                     <-  go
/// free groupings                      ->
/// who                                 ->
///                                     <-  nobody, or who has the turn (`TurnHolder.line`)
/// ```
///
/// A connection that ends, however it ends, gives back what its guest had: a transaction that was not committed is undone
/// by LMDB, whose lock survives the death of its holder.
public final class OwnerDoor: Sendable {
  /// The version of the lines.
  static let greeting = "cohort-guest 1 "
  /// Seconds between two signs of life to a guest that waits.
  static let interval = 1.0

  private struct State {
    var guests: [Int: LineConnectionBox] = [:]
    var next = 0
    /// Guests that are in the midst of a transaction.
    var inTurn: Set<Int> = []
    var turns: UInt64 = 0
    var isStopped = false
  }

  /// Only `shutDown` is called from another thread, which the system allows.
  private struct LineConnectionBox: @unchecked Sendable {
    let connection: LineConnection
  }

  private let path: String
  /// The socket's file: another one may have its path when the store was replaced.
  private let file: FileStatus?
  private let listener: Int32
  private let schedule: WriteSchedule
  private let settle: @Sendable () -> Void
  private let state = Locked(State())
  private let thread: Locked<WorkThread?> = Locked(nil)

  /// - Parameter settle: called in the turn of a guest that went away in the midst of it.
  init(
    store folder: String, _ schedule: WriteSchedule, settle: @escaping @Sendable () -> Void
  ) throws(CohortError) {
    let layout = StoreLayout(folder)
    path = layout.ownerSocket
    self.schedule = schedule
    self.settle = settle
    do throws(Errno) {
      try SystemCall.makeFolder(layout.run)
      guard chmod(layout.run, 0o700) == 0 else { throw .last }
      // Whoever made it is dead: this process has the owner's lock.
      try SystemCall.remove(path)
      listener = try UnixSocket.listen(at: path)
      file = try? SystemCall.linkStatus(of: path)
    } catch {
      throw CohortError(
        .storeDoor, "The socket for commands beside the owner cannot be made", place: layout.ownerSocket,
        cause: error.text, hint: "The folder must be writable, on a file system that has sockets")
    }
    let door = self
    let accepting = try WorkThread(stackBytes: 1 << 19) { [weak door, listener] in
      while true {
        let connection = try? UnixSocket.accept(listener)
        guard let door, !door.isStopped else {
          if let connection { SystemCall.close(connection) }
          return
        }
        // Out of descriptors, say: they may come back.
        if let connection { door.serve(connection) } else { usleep(100_000) }
      }
    }
    thread.withLock { $0 = accepting }
  }

  private var isStopped: Bool { state.withLock { $0.isStopped } }

  /// How many guests there are, and how many turns they have had.
  public var counts: (guests: Int, turns: UInt64) { state.withLock { ($0.guests.count, $0.turns) } }

  /// Lets nobody in any more, and ends the connections of guests that are not in the midst of a turn; waits for those that
  /// are.
  public func stop(seconds: Double) {
    schedule.close()
    let isFirst = state.change { state in
      defer { state.isStopped = true }
      return !state.isStopped
    }
    guard isFirst else { return }
    if let file, let now = try? SystemCall.linkStatus(of: path), (now.device, now.inode) == (file.device, file.inode) {
      try? SystemCall.remove(path)
    }
    shutdown(listener, Int32(SHUT_RDWR))
    thread.withLock { $0.take() }?.join()
    SystemCall.close(listener)
    state.withLock { state in
      for (number, guest) in state.guests where !state.inTurn.contains(number) { guest.connection.shutDown() }
    }
    _ = state.wait(seconds: seconds) { $0.guests.isEmpty ? () : nil }
    state.withLock { $0.guests.values.forEach { $0.connection.shutDown() } }
  }

  // MARK: Guests

  private func serve(_ descriptor: Int32) {
    let box = LineConnectionBox(connection: LineConnection(descriptor))
    let number: Int? = state.change { state in
      guard !state.isStopped else { return nil }
      state.next += 1
      state.guests[state.next] = box
      return state.next
    }
    guard let number else { return }
    let thread = try? WorkThread(stackBytes: 1 << 19) { [self] in
      try? attend(box.connection, descriptor, number)
      leave(number)
    }
    if thread == nil { leave(number) }
  }

  private func leave(_ number: Int) {
    state.change { state in
      state.guests[number] = nil
      state.inTurn.remove(number)
    }
  }

  private func attend(_ connection: LineConnection, _ descriptor: Int32, _ number: Int) throws {
    let peer = try UnixSocket.peer(of: descriptor)
    guard peer.user == geteuid() || peer.user == 0 else {
      return try connection.send("no the store belongs to another user")
    }
    guard let greeting = try connection.receive(seconds: 10), greeting.hasPrefix(Self.greeting) else {
      return try connection.send("no the program is of another release")
    }
    let name = String(greeting.dropFirst(Self.greeting.count))
    try connection.send("welcome")
    var held: Set<Hold> = []
    defer { for hold in held { schedule.free(hold) } }
    while let line = try connection.receive() {
      if line == "turn" {
        try giveTurn(to: name, connection, number)
      } else if line.hasPrefix("hold "), let hold = Hold(rawValue: String(line.dropFirst(5))), !held.contains(hold) {
        try schedule.take(hold, name, patience: nil, interval: Self.interval) { Self.isWaiting(connection) }
        held.insert(hold)
        try connection.send("go")
      } else if line == "who" {
        try connection.send(schedule.turn?.line ?? "nobody")
      } else if line.hasPrefix("free "), let hold = Hold(rawValue: String(line.dropFirst(5))) {
        if held.remove(hold) != nil { schedule.free(hold) }
      } else {
        return try connection.send("no such request")
      }
    }
  }

  private func giveTurn(to name: String, _ connection: LineConnection, _ number: Int) throws {
    let ticket: UInt64
    do {
      ticket = try schedule.takeTurn(name, isGuest: true, interval: Self.interval) {
        guard Self.isWaiting(connection) else { throw Errno(EPROTO) }
      }
    } catch let error as CohortError where error.code == .storeTurnOverdue {
      return try connection.send("overdue \(error.cause ?? error.message)")
    }
    defer { schedule.endTurn(ticket) }
    state.withLock { state in
      state.turns += 1
      state.inTurn.insert(number)
    }
    defer { state.withLock { _ = $0.inTurn.remove(number) } }
    try connection.send("go")
    // Nil: it is gone, and with it what it did not commit.
    guard let line = try connection.receive() else { return settle() }
    guard line == "done" else { throw Errno(EPROTO) }
  }

  /// Tells a guest that it still has to wait. - Returns: whether it is there.
  private static func isWaiting(_ connection: LineConnection) -> Bool {
    !connection.hasNews && (try? connection.send("wait")) != nil
  }

  // MARK: Questions of others

  /// Seconds until an owner answers what it can answer at once.
  private static let answerPatience = 1.0

  /// Who has the turn to write a store that another process owns; nil when nobody has, or there is no owner that answers.
  static func turn(ofStoreAt folder: String) -> TurnHolder? {
    guard let descriptor = try? UnixSocket.connect(to: StoreLayout(folder).ownerSocket) else { return nil }
    let line = LineConnection(descriptor)
    let answer = try? { () throws(Errno) -> String? in
      try line.send("\(greeting)a question of process \(getpid())")
      guard try line.receive(seconds: answerPatience) == "welcome" else { return nil }
      try line.send("who")
      return try line.receive(seconds: answerPatience)
    }()
    return answer.flatMap { TurnHolder(line: $0) }
  }
}
