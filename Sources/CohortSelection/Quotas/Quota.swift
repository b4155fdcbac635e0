/// Who is next by the method of Sainte-Laguë (Webster): whose weight divided by 2 n + 1 is greatest, n being what it has.
/// What a larger budget gives holds what a smaller one gave, which is not so with largest remainders.
struct Quota: Sendable {
  let weight: UInt64
  private(set) var picks: UInt64

  init(weight: UInt64, picks: UInt64 = 0) {
    self.weight = weight
    self.picks = picks
  }

  mutating func take() { picks += 1 }

  /// Exactly: no rounding decides. Neither comes before the other when they are equal.
  func comesBefore(_ other: Quota, minimum: UInt64 = 0) -> Bool {
    let (isServed, otherIsServed) = (picks >= minimum, other.picks >= minimum)
    if !isServed || !otherIsServed {
      if isServed != otherIsServed { return !isServed }
      if picks != other.picks { return picks < other.picks }
    }
    let mine = weight.multipliedFullWidth(by: 2 * other.picks + 1)
    let others = other.weight.multipliedFullWidth(by: 2 * picks + 1)
    return (mine.high, mine.low) > (others.high, others.low)
  }
}
