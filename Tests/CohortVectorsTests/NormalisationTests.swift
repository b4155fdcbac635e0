import CohortCore
import CohortKernels
import CohortTesting
import CohortVectors
import Testing

/// What is stored of a vector never changes: its bits are those of the rule by which the first stores were filled.
struct NormalisationTests {
  /// That rule: squares added in order in Float64, one Float32 product a value, a Float64 one for lengths beyond 2^±100.
  private static func stored(_ vector: [Float], areHalves: Bool) -> [UInt8]? {
    let square = vector.reduce(0.0) { $0 + Double($1) * Double($1) }
    guard square.isFinite, square > 0 else { return nil }
    let scale = 1 / square.squareRoot()
    let isExtreme = !(0x1p-100...0x1p100).contains(scale)
    let row = vector.map { isExtreme ? Float(Double($0) * scale) : $0 * Float(scale) }
    return areHalves
      ? row.map { Float16($0).bitPattern }.withUnsafeBytes(Array.init) : row.withUnsafeBytes(Array.init)
  }

  /// A vector where the two orders of summation give other bits, in all values.
  static let telling: [Float] = [
    0x1.871b8ap-3, 0x1.f2518ep-2, 0x1.dcdc2ap-4, 0x1.c2c86ep-1, 0x1.da4184p-15, 0x1.ea6de6p-27,
  ]

  private static func vectors(dimension: Int, _ random: inout TestRandom) -> [[Float]] {
    var vectors: [[Float]] = []
    for exponent in stride(from: -30, through: 30, by: 1) {
      var length: Float = 1
      for _ in 0..<abs(exponent) { length = exponent < 0 ? length / 10 : length * 10 }
      vectors += random.rows(6, dimension: dimension).map { $0.map { $0 * length } }
    }
    var first = [Float](repeating: 0, count: dimension)
    for value: Float in [
      0x1p100, 0x1p-100, 0x1p101, 0x1p-101, 0x1.fffffep99, 0x1.fffffep-101, .leastNonzeroMagnitude,
      .leastNormalMagnitude, .greatestFiniteMagnitude, -1, 0, .nan, .infinity,
    ] {
      first[dimension - 1] = value
      vectors.append(first)
      vectors.append([Float](repeating: value, count: dimension))
    }
    return vectors
  }

  @Test(arguments: [1, 2, 3, 6, 7, 15, 16, 17, 33, 100, 384, 1_000], [true, false])
  func storedVectorsKeepTheirBits(dimension: Int, areHalves: Bool) {
    let seed: UInt64 = 101
    var random = TestRandom(seed: seed + UInt64(dimension))
    var vectors = Self.vectors(dimension: dimension, &random)
    if dimension == Self.telling.count { vectors.append(Self.telling) }
    var rows = VectorRows(dimension: dimension, areHalves: areHalves, capacity: 10)
    var (expected, kept): ([UInt8], [SampleID]) = ([], [])
    for (i, vector) in vectors.enumerated() {
      let (id, bytes) = (SampleID(UInt64(i)), Self.stored(vector, areHalves: areHalves))
      let isTaken = vector.withUnsafeBufferPointer { rows.append($0, of: id) }
      #expect(isTaken == (bytes != nil), "seed \(seed), dimension \(dimension), vector \(i)")
      guard let bytes else { continue }
      #expect(Array(rows.bytes.suffix(bytes.count)) == bytes, "seed \(seed), dimension \(dimension), vector \(i)")
      expected += bytes
      kept.append(id)
    }
    #expect(rows.bytes == expected && rows.ids == kept && kept.count > 366)
  }

  /// The order is part of the rule: with the other one, which rows in memory have, this vector would be stored otherwise.
  @Test func theOrderOfTheSumDecidesTheLastBit() {
    var (inOrder, inLanes) = (Self.telling, Self.telling)
    var present: UInt8 = 1
    cohort_normalize(COHORT_PATH_BEST, COHORT_SUM_IN_ORDER, &inOrder, 1, inOrder.count, &present)
    cohort_normalize(COHORT_PATH_BEST, COHORT_SUM_IN_LANES, &inLanes, 1, inLanes.count, &present)
    #expect(inOrder.withUnsafeBytes(Array.init) == Self.stored(Self.telling, areHalves: false))
    #expect(zip(inOrder, inLanes).allSatisfy { $0 != $1 && abs($0 - $1) <= $0.ulp })
  }

  @Test(arguments: KernelTests.commonPaths, [COHORT_SUM_IN_LANES, COHORT_SUM_IN_ORDER].map(\.rawValue))
  func rowsAreTheSameBitsOnEveryPath(path: UInt32, order: UInt32) {
    let seed: UInt64 = 102
    var random = TestRandom(seed: seed)
    for dimension in [1, 6, 15, 16, 17, 100] {
      let vectors = Self.vectors(dimension: dimension, &random)
      var (plain, rows) = (Array(vectors.joined()), Array(vectors.joined()))
      var (wanted, present) = ([UInt8](repeating: 1, count: vectors.count), [UInt8](repeating: 1, count: vectors.count))
      cohort_normalize(COHORT_PATH_PLAIN, cohort_sum_order(order), &plain, vectors.count, dimension, &wanted)
      cohort_normalize(cohort_path(path), cohort_sum_order(order), &rows, vectors.count, dimension, &present)
      #expect(present == wanted && Set(present) == [0, 1, 2], "seed \(seed), dimension \(dimension)")
      #expect(rows.map(\.bitPattern) == plain.map(\.bitPattern), "seed \(seed), dimension \(dimension)")
    }
  }
}
