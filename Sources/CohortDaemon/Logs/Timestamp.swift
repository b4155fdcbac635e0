import CohortSystem

/// Moments in UTC: `2026-07-01T12:00:00.250Z`.
enum Timestamp {
  static var now: String { text(milliseconds: SystemClock.wall / 1_000_000) }

  /// - Parameter time: since 1970.
  static func text(milliseconds time: Int64) -> String {
    var seconds = Int(time / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ value: Int, _ width: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(width - text.utf8.count, 0)) + text
    }
    let date = [
      padded(Int(parts.tm_year) + 1900, 4), padded(Int(parts.tm_mon) + 1, 2), padded(Int(parts.tm_mday), 2),
    ].joined(separator: "-")
    let clock = [Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec)].map { padded($0, 2) }.joined(separator: ":")
    return "\(date)T\(clock).\(padded(Int(time % 1000), 3))Z"
  }
}
