/// Keyed, portable pseudo-randomness. Nothing in Cohort draws from the system's generator: every seed is a parameter.
public enum Mixing {
  /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014; Stafford's variant 13): a bijection of 64 bits.
  public static func finalize(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Mixes several words, in order, into one key.
  public static func key(_ words: UInt64...) -> UInt64 {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    for word in words { state = finalize((state ^ word) &+ 0x9e37_79b9_7f4a_7c15) }
    return state
  }
}

/// SplitMix64 as a `RandomNumberGenerator`: for tests, synthetic data and parameter initialisation.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Equal seeds give equal sequences, on every platform and release.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits: the state is a counter, so the sequence repeats after 2⁶⁴ values.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Mixing.finalize(state)
  }
}
