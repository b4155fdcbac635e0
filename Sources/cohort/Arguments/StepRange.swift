import ArgumentParser

/// Some steps of an epoch, or ids, as people write ranges: `A..<B`, `A...B`, `A..B`, `A-B`, `A:B`, and one alone as `A`.
///
/// `..<` and `:` end before B (as in Swift and in Python), all others with B. `A..<` and `A:` go to the end, `..<B` and `:B`
/// begin at 0.
struct StepRange: ExpressibleByArgument, Sendable {
  let lower: UInt64
  /// Nil: to the end of the epoch.
  let upper: UInt64?

  /// The longer ones first: each begins with a shorter one.
  private static let signs: [(text: String, isClosed: Bool)] = [
    ("..<", false), ("...", true), ("..", true), (":", false), ("-", true),
  ]

  init?(argument: String) {
    guard
      let (sign, place) = Self.signs.lazy.compactMap({ sign in argument.firstRange(of: sign.text).map { (sign, $0) } })
        .first
    else {
      guard let step = Self.number(argument) else { return nil }
      (lower, upper) = (step, step + 1)
      return
    }
    let (first, last) = (argument[..<place.lowerBound], argument[place.upperBound...])
    guard let lower = first.isEmpty && !sign.isClosed ? 0 : Self.number(first) else { return nil }
    self.lower = lower
    if last.isEmpty, !sign.isClosed, !first.isEmpty {
      upper = nil
    } else {
      guard let end = Self.number(last), lower <= end else { return nil }
      upper = sign.isClosed ? end + 1 : end
    }
  }

  private static func number(_ text: some StringProtocol) -> UInt64? {
    UInt64(text).flatMap { $0 < UInt64.max ? $0 : nil }
  }
}
