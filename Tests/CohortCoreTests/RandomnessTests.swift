import CohortCore
import Testing

/// Plans, groups and synthetic data depend on these values: they never change.
@Suite struct RandomnessTests {
  /// As Vigna's `splitmix64.c` gives them; those of seed 1234567 are in wide use as test values.
  @Test(
    arguments: [
      (0, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f, 0xf88b_b8a8_724c_81ec]),
      (
        1_234_567,
        [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431]
      ),
    ] as [(UInt64, [UInt64])])
  func sequencesAreThoseOfTheReference(seed: UInt64, values: [UInt64]) {
    var random = SplitMix64(seed: seed)
    #expect((0..<values.count).map { _ in random.next() } == values)
  }

  @Test func keysNeverChange() {
    #expect([0, 1, .max].map { Mixing.finalize($0) } == [0, 0x5692_161d_100b_05e5, 0xb4d0_55fc_f2cb_bd7b])
    #expect(Mixing.key() == 0x9e37_79b9_7f4a_7c15)
    #expect(Mixing.key(0) == 0x6e78_9e6a_a1b9_65f4)
    #expect(Mixing.key(1, 2) == 0x848a_1390_3710_5040)
    #expect(Mixing.key(2, 1) == 0x2ee7_471d_3961_7aa8)
  }

  @Test func keysOfDifferentWordsDiffer() {
    var keys: Set<UInt64> = []
    for a in 0..<50 as Range<UInt64> {
      keys.insert(Mixing.key(a))
      for b in 0..<50 as Range<UInt64> { keys.insert(Mixing.key(a, b)) }
    }
    #expect(keys.count == 50 + 50 * 50)
  }
}
