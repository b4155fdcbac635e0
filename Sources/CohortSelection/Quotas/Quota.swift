/// Who is next: whose weight divided by n + u is greatest, n being what it has and u where it starts, above 0 and below 1.
/// With u = 1/2 that is the method of Sainte-Laguë (Webster). What a larger budget gives holds what a smaller one gave, which
/// is not so with largest remainders.
struct Quota: Sendable {
  /// Starts are multiples of 2^-32.
  private static let one: UInt64 = 1 << 32
  static let half: UInt32 = 1 << 31

  let weight: UInt64
  private(set) var picks: UInt64
  private let start: UInt64

  /// - Parameters:
  ///   - picks: below 2^32.
  ///   - start: in 2^-32; 0 counts as 1.
  init(weight: UInt64, picks: UInt64 = 0, start: UInt32 = half) {
    self.weight = weight
    self.picks = picks
    self.start = UInt64(max(start, 1))
  }

  mutating func take() { picks += 1 }

  private var divisor: UInt64 { picks * Self.one + start }

  /// Exactly: no rounding decides. Neither comes before the other when they are equal.
  func comesBefore(_ other: Quota, minimum: UInt64 = 0) -> Bool {
    let (isServed, otherIsServed) = (picks >= minimum, other.picks >= minimum)
    if !isServed || !otherIsServed {
      if isServed != otherIsServed { return !isServed }
      if picks != other.picks { return picks < other.picks }
    }
    let mine = weight.multipliedFullWidth(by: other.divisor)
    let others = other.weight.multipliedFullWidth(by: divisor)
    return (mine.high, mine.low) > (others.high, others.low)
  }
}
