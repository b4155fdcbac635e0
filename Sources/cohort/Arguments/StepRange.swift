import ArgumentParser

/// Some steps of an epoch: `A..<B`, `A...B`, `A..<` to the end, or one step `A`.
struct StepRange: ExpressibleByArgument, Sendable {
  let lower: UInt64
  /// Nil: to the end of the epoch.
  let upper: UInt64?

  init?(argument: String) {
    func number(_ text: some StringProtocol) -> UInt64? { UInt64(text).flatMap { $0 < UInt64.max ? $0 : nil } }
    if let dots = argument.firstRange(of: "..<") {
      guard let lower = number(argument[..<dots.lowerBound]) else { return nil }
      let rest = argument[dots.upperBound...]
      if rest.isEmpty {
        (self.lower, upper) = (lower, nil)
        return
      }
      guard let upper = number(rest), lower <= upper else { return nil }
      (self.lower, self.upper) = (lower, upper)
    } else if let dots = argument.firstRange(of: "...") {
      guard let lower = number(argument[..<dots.lowerBound]), let last = number(argument[dots.upperBound...]),
        lower <= last
      else { return nil }
      (self.lower, upper) = (lower, last + 1)
    } else {
      guard let step = number(argument) else { return nil }
      (lower, upper) = (step, step + 1)
    }
  }
}
