import ArgumentParser

/// Sample ids: one, or a range `A..<B` or `A...B`.
struct IDRangeArgument: ExpressibleByArgument, Sendable {
  let range: Range<UInt64>

  init?(argument: String) {
    guard let steps = StepRange(argument: argument), let upper = steps.upper else { return nil }
    range = steps.lower..<upper
  }
}
