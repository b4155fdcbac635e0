/// Who has the turn to write a store at some moment.
public struct TurnHolder: Hashable, Sendable {
  /// A transaction is a matter of milliseconds, on a slow disk of some seconds. Whoever has a turn for so many seconds was
  /// most likely stopped.
  public static let usualSeconds = 10.0

  /// Tells turns apart.
  public var turn: UInt64
  /// What it calls itself: program, verb and process: `cohort ingest, process 4711`.
  public var name: String
  /// When it got the turn: milliseconds since 1970, UTC.
  public var since: Int64
  /// For how long it has had it.
  public var seconds: Double
  /// How many wait for theirs.
  public var waiting: Int

  public init(turn: UInt64, name: String, since: Int64, seconds: Double, waiting: Int) {
    (self.turn, self.name, self.since, self.seconds, self.waiting) = (turn, name, since, seconds, waiting)
  }

  /// Whether it has had the turn for longer than any transaction takes.
  public var isOverdue: Bool { seconds >= Self.usualSeconds }
}

extension TurnHolder {
  /// As the owner of a store tells it to others: `7 1764549692000 12.5 3 cohort ingest, process 4711`.
  var line: String { "\(turn) \(since) \(seconds) \(waiting) \(name)" }

  /// Reads what `line` wrote; nil for anything else.
  init?(line: String) {
    let parts = line.split(separator: " ", maxSplits: 4)
    guard parts.count == 5, let turn = UInt64(parts[0]), let since = Int64(parts[1]), let seconds = Double(parts[2]),
      let waiting = Int(parts[3])
    else { return nil }
    self.init(turn: turn, name: String(parts[4]), since: since, seconds: seconds, waiting: waiting)
  }
}

extension Store {
  /// Who keeps others from writing this store, for longer than a transaction takes; nil where nobody does. Whoever does not
  /// own the store asks its owner, and takes no answer in a second for none.
  public var overdueTurn: TurnHolder? {
    let holder = schedule.map { $0.turn } ?? (access == .published ? nil : OwnerDoor.turn(ofStoreAt: path))
    return holder.flatMap { $0.isOverdue ? $0 : nil }
  }
}
