internal import CohortCore
internal import CohortSystem

/// A guest's side of the owner's door: asks for each turn and hold. See `OwnerDoor` for the lines.
final class GuestPass: WriteTurns, Sendable {
  /// Seconds without a sign of life from the owner.
  private static let patience = 30.0
  /// Seconds until it says whether it lets the guest in.
  private static let welcomePatience = 10.0

  /// The connection is used by one thread at a time: within the lock.
  private struct Connection: @unchecked Sendable {
    let line: LineConnection
  }

  private let connection: Locked<Connection>
  private let place: String
  private let turnChanged: @Sendable (Bool) -> Void

  /// - Parameter turnChanged: called with true before the process waits for a turn, and with false after it has given it
  ///   back: it must not be stopped meanwhile.
  init(store folder: String, name: String, turnChanged: @escaping @Sendable (Bool) -> Void) throws(CohortError) {
    place = folder
    self.turnChanged = turnChanged
    let (line, answer) = try CohortError.describing({ Self.silent(folder, $0.text) }) { () throws(Errno) in
      let line = LineConnection(try UnixSocket.connect(to: StoreLayout(folder).ownerSocket))
      try line.send("\(OwnerDoor.greeting)\(name), process \(getpid())")
      return (line, try line.receive(seconds: Self.welcomePatience))
    }
    guard answer == "welcome" else {
      throw Self.silent(folder, answer.map { "it says: \($0)" } ?? "it ended the connection")
    }
    connection = Locked(Connection(line: line))
  }

  func turn<R>(_ body: () throws -> R) throws -> R {
    try connection.withLock { connection in
      turnChanged(true)
      defer { turnChanged(false) }
      try ask("turn", connection.line)
      // What is committed is committed, whether or not the owner hears of it.
      defer { try? connection.line.send("done") }
      return try body()
    }
  }

  func holding<R>(_ hold: Hold, patience: Double?, _ body: () throws -> R) throws -> R {
    try connection.withLock { try ask("hold \(hold.rawValue)", $0.line) }
    defer { connection.withLock { try? $0.line.send("free \(hold.rawValue)") } }
    return try body()
  }

  private func ask(_ request: String, _ line: LineConnection) throws(CohortError) {
    var isAnswered = false
    // An answer that came later would be taken for that to the next request.
    defer { if !isAnswered { line.shutDown() } }
    let answer = try CohortError.describing({ [place] in
      $0.number == ETIMEDOUT ? Self.silent(place, $0.text) : Self.gone(place)
    }) { () throws(Errno) in
      try line.send(request)
      while true {
        let answer = try line.receive(seconds: Self.patience)
        if answer != "wait" { return answer }
      }
    }
    guard let answer else { throw Self.gone(place) }
    if answer.hasPrefix("overdue ") {
      isAnswered = true
      throw CohortError.turnOverdue(String(answer.dropFirst(8)), place: place)
    }
    guard answer == "go" else { throw Self.silent(place, "it says: \(answer)") }
    isAnswered = true
  }

  private static func silent(_ place: String, _ cause: String) -> CohortError {
    CohortError(
      .storeOwnerSilent, "The daemon that owns the store does not answer", place: place, cause: cause,
      hint: "Look at its log; end it, and the command writes the store itself")
  }

  private static func gone(_ place: String) -> CohortError {
    CohortError(
      .storeOwnerGone, "The daemon that owned the store has ended", place: place,
      hint: "Run the same command again: what was done so far is kept")
  }
}
