import CohortCore
import CohortKernels
import CohortTesting
import Testing

struct KernelTests {
  /// The variants that this processor has: one that it lacks behaves as the plain one, and would be tried for nothing.
  static let paths = [COHORT_PATH_PLAIN, COHORT_PATH_AVX2, COHORT_PATH_AVX512].filter { cohort_path_available($0) != 0 }
  /// All of them but AVX-512, which `AVX512KernelTests` tries or says that it skips.
  static let commonPaths = paths.filter { $0 != COHORT_PATH_AVX512 }.map(\.rawValue)

  @Test(arguments: commonPaths)
  func everyHalfSurvivesTheWayThroughFloats(path: UInt32) {
    let path = cohort_path(path)
    let halves = (0...UInt16.max).map { $0 }
    var floats = [Float](repeating: 0, count: halves.count)
    cohort_half_to_float_by(path, halves, &floats, halves.count)
    var back = [UInt16](repeating: 0, count: halves.count)
    cohort_float_to_half_by(path, floats, &back, halves.count)
    for half in halves {
      let i = Int(half)
      let expected = Float(Float16(bitPattern: half))
      if expected.isNaN {
        #expect(floats[i].isNaN && Float16(bitPattern: back[i]).isNaN)
      } else if floats[i].bitPattern != expected.bitPattern || back[i] != half {
        Issue.record("half \(half) on path \(path) became \(floats[i]) and \(back[i])")
      }
    }
  }

  @Test(arguments: commonPaths)
  func floatsAreRoundedToTheNearestHalf(path: UInt32) {
    var random = TestRandom(seed: 41)
    var floats: [Float] = [0, -0.0, 65_504, 65_519.996, 65_520, -65_520, 1e-8, 2.98e-8, 2.99e-8, 6.1e-5, .infinity]
    for half in stride(from: 0, to: 0x7bff, by: 7) {
      let value = Float(Float16(bitPattern: UInt16(half)))
      let next = Float(Float16(bitPattern: UInt16(half) + 1))
      floats += [(value + next) / 2, ((value + next) / 2).nextUp, ((value + next) / 2).nextDown]
    }
    for _ in 0..<5_000 { floats.append(Float(bitPattern: UInt32(random.below(1 << 32)) & 0xc7ff_ffff)) }
    var halves = [UInt16](repeating: 0, count: floats.count)
    cohort_float_to_half_by(cohort_path(path), floats, &halves, floats.count)
    for (float, half) in zip(floats, halves) where Float16(float).bitPattern != half && !float.isNaN {
      Issue.record("seed 41, path \(path): \(float) became \(half)")
    }
  }

  @Test(arguments: commonPaths)
  func halvesAreReadAsTheyAreConvertedAndNormalised(path: UInt32) {
    let path = cohort_path(path)
    var random = TestRandom(seed: 92)
    for (count, dimension) in [(1, 1), (9, 7), (23, 40), (30, 384)] {
      var halves = (0..<(count * dimension)).map { _ in Float16(random.normal()).bitPattern }
      halves.replaceSubrange(0..<dimension, with: repeatElement(0, count: dimension))
      if count > 2 { halves[2 * dimension] = Float16.nan.bitPattern }
      var expected = [Float](repeating: 0, count: halves.count)
      cohort_half_to_float_by(path, halves, &expected, halves.count)
      var flags = [UInt8](repeating: 1, count: count)
      if count > 3 { flags[3] = 0 }
      for isNormalized in [false, true] {
        var rows = [Float](repeating: 0, count: halves.count)
        var (present, inverses) = ([UInt8](repeating: 9, count: count), [Float](repeating: 9, count: count))
        halves.withUnsafeBufferPointer { halves in
          let pointers = (0..<count).map { row in
            flags[row] == 0 ? nil : halves.baseAddress.map { $0 + row * dimension }
          }
          cohort_read_halves(path, pointers, count, dimension, isNormalized ? 1 : 0, &rows, &present, &inverses)
        }
        var (wanted, states, scales) = (expected, flags, [Float](repeating: 0, count: count))
        cohort_inverse_norms(path, &wanted, count, dimension, &states, &scales)
        if isNormalized { cohort_normalize(path, COHORT_SUM_IN_LANES, &wanted, count, dimension, &states) }
        #expect(present == states, "seed 92, \(count) x \(dimension)")
        for row in 0..<count where states[row] == 1 {
          let values = (row * dimension)..<((row + 1) * dimension)
          #expect(rows[values] == wanted[values], "seed 92, \(count) x \(dimension), row \(row)")
          #expect(inverses[row] == (isNormalized ? 1 : scales[row]))
        }
      }
    }
  }

  @Test func blockedDistancesStayWithinTheirErrorAndFixedOnesAreTheSameBits() {
    var random = TestRandom(seed: 42)
    for (rows, columns, dimension) in [
      (1, 1, 1), (2, 3, 2), (5, 16, 15), (13, 17, 16), (25, 40, 17), (12, 33, 100), (97, 64, 31), (3, 20, 5_000),
      (30, 8, 33), (27, 9, 20), (26, 24, 5),
      (14, 25, 64),
    ] {
      var x = (0..<(rows * dimension)).map { _ in Float(random.unit() - 0.5) }
      var c = (0..<(columns * dimension)).map { _ in Float(random.unit() - 0.5) }
      var present = [UInt8](repeating: 1, count: max(rows, columns))
      cohort_normalize(COHORT_PATH_PLAIN, COHORT_SUM_IN_LANES, &x, rows, dimension, &present)
      cohort_normalize(COHORT_PATH_PLAIN, COHORT_SUM_IN_LANES, &c, columns, dimension, &present)
      var packed = [Float](repeating: 7, count: cohort_packed_size(columns, dimension))
      cohort_pack_clear(&packed, columns, dimension)
      for column in 0..<columns {
        cohort_pack_column(&packed, dimension, column, Array(c[(column * dimension)..<((column + 1) * dimension)]))
      }
      let error = 2 * cohort_score_error(dimension, 1, 1) + 1e-6
      let ids = (0..<UInt32(columns)).map { $0 }
      var fixed: [[UInt64]] = []
      for path in Self.paths {
        var results = [cohort_nearest](repeating: cohort_nearest(), count: rows)
        cohort_nearest_columns(path, x, nil, rows, dimension, packed, columns, &results)
        var bits: [UInt64] = []
        for row in 0..<rows {
          let values = Array(x[(row * dimension)..<((row + 1) * dimension)])
          var distance = 0.0
          let nearest = cohort_nearest_fixed(path, values, c, ids, columns, dimension, &distance)
          bits += [UInt64(nearest), distance.bitPattern]
          let place = "seed 42, path \(path.rawValue), \(rows) x \(columns) x \(dimension), row \(row)"
          #expect(abs(1 + 2 * Double(results[row].best) - distance) <= error, "\(place)")
          #expect(results[row].best <= results[row].second, "\(place)")
          if Double(results[row].second) - Double(results[row].best) > error {
            #expect(Int(results[row].column) == nearest, "\(place)")
          }
        }
        fixed.append(bits)
      }
      #expect(fixed.allSatisfy { $0 == fixed[0] }, "seed 42, dimension \(dimension)")
    }
  }

  @Test func emptyColumnsAreNeverNearest() {
    var packed = [Float](repeating: 0, count: cohort_packed_size(20, 3))
    cohort_pack_clear(&packed, 20, 3)
    var result = [cohort_nearest()]
    cohort_nearest_columns(COHORT_PATH_BEST, [2, 0, 0], [0.5], 1, 3, packed, 20, &result)
    #expect(result[0].best == .infinity)
    cohort_pack_column(&packed, 3, 17, [0, 0, -1])
    cohort_pack_column(&packed, 3, 4, [0, 1, 0])
    cohort_pack_erase(&packed, 3, 4)
    cohort_nearest_columns(COHORT_PATH_BEST, [2, 0, 0], [0.5], 1, 3, packed, 20, &result)
    #expect(result[0].column == 17 && result[0].best == 0.5 && result[0].second == .infinity)
  }

  @Test func innerProductsAreThoseOfTheColumns() {
    var random = TestRandom(seed: 43)
    let (rows, columns, dimension) = (14, 21, 9)
    let x = (0..<(rows * dimension)).map { _ in Float(random.below(9) - 4) }
    let c = (0..<(columns * dimension)).map { _ in Float(random.below(9) - 4) }
    var packed = [Float](repeating: 0, count: cohort_packed_size(columns, dimension))
    cohort_pack_clear(&packed, columns, dimension)
    for column in 0..<columns {
      cohort_pack_column(&packed, dimension, column, Array(c[(column * dimension)..<((column + 1) * dimension)]))
    }
    for path in Self.paths {
      var products = [Float](repeating: .nan, count: rows * 32)
      cohort_inner_products(path, x, rows, dimension, packed, columns, &products, 32)
      for row in 0..<rows {
        for column in 0..<columns {
          // Small integers: exact on every path.
          let exact = (0..<dimension).reduce(Float(0)) { $0 + x[row * dimension + $1] * c[column * dimension + $1] }
          #expect(products[row * 32 + column] == exact)
        }
      }
    }
  }

  @Test func rowsAreProjectedAndSummedToTheSameBits() {
    let seed: UInt64 = 45
    var random = TestRandom(seed: seed)
    for dimension in [1, 15, 16, 17, 31, 32, 33, 100] {
      for count in [1, 2, 3, 8, 11, 12, 13, 29] {
        var rows = (0..<(count * dimension)).map { _ in Float(random.normal()) }
        // The last row is the first once more.
        rows.replaceSubrange(((count - 1) * dimension)..., with: rows[..<dimension])
        let direction = (0..<dimension).map { _ in Float(random.normal()) }
        let offset = Float(random.normal())
        var found: [(products: [Float], weights: [Float], sum: [Float])] = []
        for path in Self.paths {
          var products = [Float](repeating: .nan, count: count)
          cohort_project(path, rows, count, dimension, direction, &products)
          for isChoice: Int32 in [0, 1] {
            var weights = [Float](repeating: .nan, count: count)
            var sum = [Float](repeating: .nan, count: dimension)
            cohort_project_and_sum(path, rows, count, dimension, direction, offset, isChoice, &weights, &sum)
            #expect(weights == products.map { isChoice == 0 ? $0 - offset : $0 > offset ? 1 : 0 })
            found.append((products, weights, sum))
          }
        }
        let place: Comment = "seed \(seed), \(count) x \(dimension)"
        let products = found[0].products
        for (i, other) in found.enumerated() {
          #expect(other.products == products && other.sum == found[i % 2].sum, place)
        }
        #expect(products[0] == products[count - 1], place)
        let value = { (row: Int, at: Int) in Double(rows[row * dimension + at]) }
        for row in 0..<count {
          let terms = (0..<dimension).map { value(row, $0) * Double(direction[$0]) }
          let allowed = terms.reduce(1e-30) { $0 + abs($1) } * Double(dimension) * 0x1p-23
          #expect(abs(Double(products[row]) - terms.reduce(0, +)) <= allowed, place)
        }
        for (_, weights, sum) in found.prefix(2) {
          for at in 0..<dimension {
            let terms = (0..<count).map { value($0, at) * Double(weights[$0]) }
            let allowed = terms.reduce(1e-30) { $0 + abs($1) } * Double(count) * 0x1p-23
            #expect(abs(Double(sum[at]) - terms.reduce(0, +)) <= allowed, place)
          }
        }
      }
    }
  }

  @Test func gainsAddWhatIsAboveZero() {
    let seed: UInt64 = 46
    var random = TestRandom(seed: seed)
    for count in [16, 32, 208] {
      let products = (0..<count).map { _ in Float(random.normal()) }
      let nearest = (0..<count).map { _ in Float(random.normal()) }
      let found = Self.paths.map { cohort_gain($0, products, nearest, count, 0.25) }
      #expect(Set(found).count == 1, "seed \(seed), \(count)")
      let exact = zip(products, nearest).reduce(0.0) { $0 + max(0, Double($1.0) + 0.25 - Double($1.1)) }
      #expect(abs(Double(found[0]) - exact) <= exact * 1e-5, "seed \(seed), \(count): \(found[0]) \(exact)")
    }
  }

  @Test func sumsAreExactUnderAdditionAndRemovalInAnyOrder() {
    var random = TestRandom(seed: 44)
    let dimension = 21
    let rows = (0..<50).map { _ in (0..<dimension).map { _ in Float(random.unit() * 2 - 1) } }
    var expected = [Int64](repeating: 0, count: dimension)
    for row in rows[..<25] { cohort_sum_add(COHORT_PATH_PLAIN, &expected, row, dimension) }
    for path in Self.paths {
      var sum = [Int64](repeating: 0, count: dimension)
      for row in rows.reversed() { cohort_sum_add(path, &sum, row, dimension) }
      for row in rows[25...] { cohort_sum_subtract(path, &sum, row, dimension) }
      #expect(sum == expected, "seed 44, path \(path.rawValue)")
    }
    let one = rows[0].map { Int64((Double($0) * 4_294_967_296).rounded(.toNearestOrEven)) }
    var sum = [Int64](repeating: 0, count: dimension)
    cohort_sum_add(COHORT_PATH_BEST, &sum, rows[0], dimension)
    #expect(sum == one)
  }

  @Test func normalisationMarksWhatCannotBeNormalised() {
    var rows: [Float] = [3, 4, 0, 0, .nan, 1, 1, -.infinity, 5, 12]
    var present: [UInt8] = [1, 1, 1, 1, 0]
    cohort_normalize(COHORT_PATH_BEST, COHORT_SUM_IN_LANES, &rows, 5, 2, &present)
    #expect(present == [1, 0, 2, 2, 0])
    #expect(rows[0] == 0.6 && rows[1] == 0.8 && rows[8] == 5)
    var again: [Float] = [3, 4, 0, 0, .nan, 1, 1e-38, 0, 5, 12]
    var inverses = [Float](repeating: 7, count: 5)
    present = [1, 1, 1, 1, 0]
    cohort_inverse_norms(COHORT_PATH_BEST, &again, 5, 2, &present, &inverses)
    #expect(present == [1, 0, 2, 1, 0] && inverses == [0.2, 0, 0, 1, 0])
    #expect(again[0] == 3 && again[6] == 1)
  }
}
