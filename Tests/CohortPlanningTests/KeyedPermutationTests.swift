import CohortCore
import CohortPlanning
import Testing

@Suite struct KeyedPermutationTests {
  /// Is a bijection with a true inverse for every count up to 4,096.
  @Test func itIsABijectionWithATrueInverse() {
    for count in 1...4096 {
      // Each count with its own key; small counts with several.
      for key in 0..<(count <= 64 ? 8 : 1) {
        let permutation = KeyedPermutation(count: UInt64(count), key: UInt64(count * 31 + key))
        var seen = [Bool](repeating: false, count: count)
        var isBijection = true
        // Counts over 256 share one algorithm: each value at all counts near 256 and at every 16th count after.
        let isExhaustive = count <= 600 || count % 16 == 0 || count > 4080
        for index in stride(from: 0, to: count, by: isExhaustive ? 1 : 97) {
          let value = permutation[UInt64(index)]
          guard value < UInt64(count), !seen[Int(value)] else {
            isBijection = false
            break
          }
          seen[Int(value)] = true
          if index % 7 == 0, permutation.index(of: value) != UInt64(index) { isBijection = false }
        }
        #expect(isBijection, "count \(count), key \(count * 31 + key)")
      }
    }
  }

  /// Keeps within huge counts, and its inverse is true there.
  @Test func itKeepsWithinHugeCounts() {
    for count in [257, 1_000_003, 1 << 32, (1 << 48) - 1, 1 << 48, (1 << 62) - 1, 1 << 62] as [UInt64] {
      let permutation = KeyedPermutation(count: count, key: count &* 3)
      for sample in 0..<200 {
        let index = Mixing.finalize(UInt64(sample)) % count
        let value = permutation[index]
        #expect(value < count && permutation.index(of: value) == index, "count \(count), index \(index)")
      }
    }
  }

  @Test(
    "puts every value equally often at every place (chi-square over keys)", arguments: [2, 3, 7, 16, 40, 256, 257, 320])
  func positions(count: Int) {
    let cells = min(count, 16)
    var table = [Double](repeating: 0, count: cells * cells)
    let keys = max(400, 40_000 / count)
    for key in 0..<keys {
      let permutation = KeyedPermutation(count: UInt64(count), key: Mixing.key(1, UInt64(key)))
      for index in 0..<count {
        table[index * cells / count * cells + Int(permutation[UInt64(index)]) * cells / count] += 1
      }
    }
    // Rows and columns of the table have fixed sums: (cells - 1)² degrees of freedom, and for a permutation matrix the
    // statistic's mean is that times n / (n - 1).
    var sizes = [Double](repeating: 0, count: cells)
    for index in 0..<count { sizes[index * cells / count] += 1 }
    var statistic = 0.0
    for row in 0..<cells {
      for column in 0..<cells {
        let expected = Double(keys) * sizes[row] * sizes[column] / Double(count)
        statistic += (table[row * cells + column] - expected) * (table[row * cells + column] - expected) / expected
      }
    }
    let freedom = Double((cells - 1) * (cells - 1))
    let score = (statistic * Double(count - 1) / Double(count) - freedom) / (2 * freedom).squareRoot()
    #expect(abs(score) < 4.5, "count \(count): \(score) standard deviations")
  }

  /// Spreads neighbours evenly (chi-square of differences).
  @Test(arguments: [64, 257, 400])
  func neighboursAreSpreadEvenly(count: Int) {
    var table = [Double](repeating: 0, count: count)
    let keys = 150
    for key in 0..<keys {
      let permutation = KeyedPermutation(count: UInt64(count), key: Mixing.key(2, UInt64(key)))
      var previous = Int(permutation[0])
      for index in 1..<count {
        let value = Int(permutation[UInt64(index)])
        table[(value - previous + count) % count] += 1
        previous = value
      }
    }
    let expected = Double(keys)
    let statistic = table.dropFirst().reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    let score = (statistic - Double(count - 2)) / (2 * Double(count - 2)).squareRoot()
    #expect(table[0] == 0)
    #expect(abs(score) < 4.5, "count \(count): \(score) standard deviations")
  }

  /// Reaches all permutations of five values equally often.
  @Test func allPermutationsOfFiveValuesAreReachedEquallyOften() {
    var found: [Int: Double] = [:]
    let keys = 24_000
    for key in 0..<keys {
      let permutation = KeyedPermutation(count: 5, key: Mixing.key(3, UInt64(key)))
      found[(0..<5).reduce(0) { $0 * 5 + Int(permutation[UInt64($1)]) }, default: 0] += 1
    }
    #expect(found.count == 120)
    let expected = Double(keys) / 120
    let statistic = found.values.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    #expect(
      abs(statistic - 119) < 4.5 * (2.0 * 119).squareRoot(), "chi-square \(statistic) with 119 degrees of freedom")
  }

  /// Never changes: plans in users' stores depend on these values.
  @Test func itNeverChanges() {
    func values(_ count: UInt64, _ key: UInt64) -> [UInt64] {
      let permutation = KeyedPermutation(count: count, key: key)
      return (0..<min(count, 8)).map { permutation[$0] }
    }
    #expect(
      values(8, 42) == [4, 3, 2, 0, 7, 6, 1, 5])
    #expect(
      values(256, 42) == [104, 89, 155, 1, 39, 36, 128, 92])
    #expect(
      values(257, 42) == [99, 103, 117, 102, 127, 58, 101, 80])
    #expect(
      values(100_000_000, 42) == [
        5_017_691, 59_423_000, 94_451_406, 78_446_824, 76_612_432, 26_245_200, 75_776_493, 13_164_669,
      ])
    #expect(
      values(1 << 48, 42) == [
        104_668_891_506_176, 87_365_206_470_966, 186_464_602_635_006, 111_019_436_578_978, 55_650_453_966_882,
        227_138_515_191_817, 48_626_716_058_364, 90_659_326_890_062,
      ])
  }
}
