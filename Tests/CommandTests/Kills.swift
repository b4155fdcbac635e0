import Foundation

/// Kills of a process at random moments of its life.
///
/// How long a process lives is measured once, and a machine that was busy then may be quick afterwards: the process would
/// end before each of its moments. So each one that ended by itself shortens the time in which the next is killed, and
/// attempts go on until at least one was killed.
///
///     var kills = Kills(6, within: seconds)
///     while kills.goOn() {
///       let process = try program.killed(["update"], after: kills.moment(using: &random))
///       kills.count(process)
///     }
struct Kills {
  private let wanted: Int
  private var longest: Double
  /// Attempts that were begun.
  private(set) var attempts = 0
  /// Processes that ended by the signal.
  private(set) var made = 0

  /// - Parameter longest: Seconds.
  init(_ wanted: Int, within longest: Double) {
    self.wanted = wanted
    self.longest = longest
  }

  /// Begins an attempt, where one is left: the ones that were asked for, and up to 40 more until a process was killed.
  mutating func goOn() -> Bool {
    guard attempts < wanted || made == 0 && attempts < wanted + 40 else { return false }
    attempts += 1
    return true
  }

  /// Seconds after which a process is killed.
  func moment(using random: inout some RandomNumberGenerator) -> Double {
    Double.random(in: 0..<longest, using: &random)
  }

  /// - Returns: Whether the process was killed.
  @discardableResult mutating func count(_ process: Process) -> Bool {
    let isKilled = process.terminationReason == .uncaughtSignal
    if isKilled { made += 1 } else { longest *= 0.7 }
    return isKilled
  }
}
