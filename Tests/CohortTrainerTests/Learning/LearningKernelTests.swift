import CohortCore
import CohortKernels
import Testing
import CohortSystem

/// The C loops against plain ones: bit by bit where the order of sums is promised, to rounding where a function is.
@Suite struct LearningKernelTests {
  static func values(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in Float.random(in: -scale...scale, using: &generator) }
  }

  @Test(arguments: [(1, 1, 1), (4, 7, 16), (5, 3, 17), (9, 20, 40), (64, 18, 256), (3, 0, 5)])
  func productTakesItsSumsInOrder(rows: Int, inner: Int, columns: Int) {
    let a = Self.values(rows * inner, seed: 1)
    let b = Self.values(inner * columns, seed: 2)
    var c = Self.values(rows * columns, seed: 3)
    var expected = c
    for r in 0..<rows {
      for j in 0..<columns {
        for k in 0..<inner { expected[r * columns + j] += a[r * inner + k] * b[k * columns + j] }
      }
    }
    var transposed = [Float](repeating: 0, count: a.count)
    cohort_matrix_transpose(a, &transposed, rows, inner)
    var other = c
    cohort_matrix_multiply_add(a, inner, 1, b, &c, rows, inner, columns)
    #expect(c == expected)
    cohort_matrix_multiply_add(transposed, 1, rows, b, &other, rows, inner, columns)
    #expect(other == expected)
  }

  @Test func tangentIsClose() {
    var x = Self.values(2_000, seed: 4, scale: 12) + [0, -0, 1e-20, 100, -100, .infinity, -.infinity]
    let inputs = x
    cohort_tanh(&x, x.count)
    for (input, output) in zip(inputs, x) {
      #expect(abs(Double(output) - tanh(Double(input))) < 2e-7, "tanh \(input)")
    }
    var nan: [Float] = [.nan]
    cohort_tanh(&nan, 1)
    #expect(nan[0].isNaN)
  }

  @Test func softmaxAndLossAreClose() {
    let rows = 12
    var logits = Self.values(rows * 256, seed: 5, scale: 20)
    let inputs = logits
    let targets = (0..<rows).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let loss = cohort_softmax_cross_entropy(&logits, targets, rows, 100)
    var expected = 100.0
    for r in 0..<rows {
      let row = inputs[(r * 256)..<(r * 256 + 256)].map(Double.init)
      let greatest = row.max() ?? 0
      let total = row.reduce(0) { $0 + exp($1 - greatest) }
      expected += log(total) + greatest - row[Int(targets[r])]
      for j in 0..<256 {
        let gradient = exp(row[j] - greatest) / total - (j == Int(targets[r]) ? 1 : 0)
        #expect(abs(gradient - Double(logits[r * 256 + j])) < 1e-6)
      }
    }
    #expect(abs(loss - expected) < 1e-5 * expected, "\(loss), \(expected)")
  }

  @Test(arguments: [Float.nan, .infinity]) func badLogitsMakeABadLoss(bad: Float) {
    for position in [0, 5, 255] {
      var logits = Self.values(256, seed: 6)
      logits[position] = bad
      #expect(!cohort_softmax_cross_entropy(&logits, [9], 1, 0).isFinite)
    }
  }
}
