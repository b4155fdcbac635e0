/// How long to wait before the next try.
enum RetryDelay {
  static let base = 0.5
  static let most = 30.0
  /// What a server can ask for: a week. More is as good as never, and has to stay a number that can be shown.
  static let mostAsked = 604_800.0

  /// Exponential with equal jitter: half of the wait is fixed, half is drawn, so that clients which failed together do
  /// not come back together.
  /// - Parameters:
  ///   - attempt: tries that failed so far, 1 or more.
  ///   - random: 64 random bits.
  static func backOff(attempt: Int, random: UInt64) -> Double {
    var wait = base
    for _ in 1..<max(attempt, 1) where wait < most { wait *= 2 }
    wait = min(wait, most)
    return wait / 2 + wait / 2 * Double(random >> 11) / Double(1 << 53)
  }

  /// The value of a `Retry-After` header (RFC 9110, 10.2.3) in seconds from `date`: a number of seconds, or a date.
  /// - Returns: nil for what is neither; a date that has passed is 0.
  static func seconds(_ header: String, date: Double) -> Double? {
    let text = header.drop { $0 == " " }
    if let seconds = Double(text), text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) {
      return min(seconds, mostAsked)
    }
    guard let moment = HTTPDate.parse(text) else { return nil }
    return min(max(0, moment - date), mostAsked)
  }
}

/// Dates of HTTP: the fixed form of RFC 9110, 5.6.7, which is the only one that servers may still send.
enum HTTPDate {
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// `Sun, 06 Nov 1994 08:49:37 GMT` as seconds since 1970.
  static func parse(_ text: Substring) -> Double? {
    let parts = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == ":" })
    guard parts.count == 8, parts[7] == "GMT" || parts[7] == "UTC", let day = Int(parts[1]), (1...31).contains(day),
      let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]), (1970...9999).contains(year),
      let hour = Int(parts[4]), (0...23).contains(hour), let minute = Int(parts[5]), (0...59).contains(minute),
      let second = Int(parts[6]), (0...60).contains(second)
    else { return nil }
    // Days since 1970 in the proleptic Gregorian calendar, counted from March, so that leap days come last.
    let shifted = (month + 10) % 12
    let y = month < 2 ? year - 1 : year
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (shifted * 306 + 5) / 10 + day - 1 - 719_468
    return Double(days * 86_400 + hour * 3_600 + minute * 60 + second)
  }
}
