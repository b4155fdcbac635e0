import CohortCore
import CohortSelection
import CohortTesting
import CohortVectors
import Testing

struct SelectingTests {
  @Test func budgetsAreExactAndEveryBeginningIsASmallerSelection() throws {
    let seed: UInt64 = 311
    for (strata, missing) in [(1, 0.0), (4, 0.1)] {
      let data = SelectionData(300, clusters: 12, strata: strata, missing: missing, seed: seed)
      for options in SelectionData.choices(seed: 5) {
        let all = try data.select(options, .rows(UInt64(data.pool.count)))
        #expect(Set(all).count == data.pool.count, "seed \(seed), \(options)")
        for count in [1, 2, 11, 60, 151, 299] {
          let some = try data.select(options, .rows(UInt64(count)))
          #expect(some == Array(all.prefix(count)), "seed \(seed), \(count) by \(options)")
        }
      }
    }
  }

  @Test func theSameBitsComeFromAnyNumberOfThreadsOnAnyProcessor() throws {
    let seed: UInt64 = 312
    let data = SelectionData(1_500, clusters: 20, strata: 3, missing: 0.02, seed: seed)
    for options in SelectionData.choices(seed: 9) {
      for budget in [SelectionBudget.rows(200), .tokens(2_500)] {
        let one = try data.select(options, budget)
        let digest = SelectionDigest.of(one.map { data.pool.ids[Int($0)] })
        for path in KernelPath.allCases where path.isAvailable {
          let four = try data.select(options, budget, workers: 4, path: path, keptBytes: 4_000)
          #expect(
            SelectionDigest.of(four.map { data.pool.ids[Int($0)] }) == digest, "seed \(seed), \(options), \(path)")
        }
      }
    }
  }

  @Test func growingABeginningGivesTheLargerSelection() throws {
    let seed: UInt64 = 313
    let data = SelectionData(400, clusters: 9, strata: 2, seed: seed)
    for options in SelectionData.choices(seed: 2) {
      let large = try data.select(options, .rows(90))
      let grown = try data.select(options, .rows(90), picked: Array(large.prefix(31)))
      #expect(grown == large, "seed \(seed), \(options)")
    }
  }

  @Test func tokensAreSpentUntilNoRowThatIsLeftFits() throws {
    let seed: UInt64 = 314
    let data = SelectionData(500, clusters: 11, strata: 3, seed: seed)
    for options in SelectionData.choices(seed: 4) {
      for budget: UInt64 in [1, 7, 300, 2_000, 50_000] {
        let rows = try data.select(options, .tokens(budget))
        let spent = rows.reduce(UInt64(0)) { $0 + UInt64(data.pool.tokens[Int($1)]) }
        #expect(spent <= budget && Set(rows).count == rows.count, "seed \(seed), \(options), \(budget)")
        let taken = Set(rows)
        let least = data.pool.tokens.indices.filter { !taken.contains(UInt32($0)) }.map { data.pool.tokens[$0] }.min()
        if let least { #expect(budget - spent < UInt64(least), "seed \(seed), \(options), \(budget)") }
      }
    }
  }

  @Test func whatCannotBeMetIsRefused() throws {
    let data = SelectionData(30, clusters: 3, seed: 315)
    #expect(throws: CohortError.self) { try data.select(SelectionOptions(), .rows(31)) }
    #expect(throws: CohortError.self) { try data.select(SelectionOptions(), .rows(0)) }
    #expect(throws: CohortError.self) { try data.select(SelectionOptions(), .rows(2), picked: [0, 1, 2]) }
    #expect(throws: CohortError.self) { try data.select(SelectionOptions(), .tokens(0)) }
  }

  @Test func whoeverAskedCanStop() throws {
    struct Stop: Error {}
    let data = SelectionData(300, clusters: 3, seed: 316)
    for method in SelectionMethod.allCases where method.usesVectors {
      #expect(throws: Stop.self) {
        try data.withEngine(progress: { _ in throw Stop() }) {
          try $0.select(from: data.pool, SelectionOptions(method: method), .rows(20))
        }
      }
    }
  }
}
