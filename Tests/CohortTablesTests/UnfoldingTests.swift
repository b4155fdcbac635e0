import CohortCatalog
import CohortCore
import CohortSystem
import CohortTables
import CohortTesting
import Foundation
import GRDBSQLite
import Testing

/// Short statements that unfold to something long: the deadline, the memory and the length of the answer hold for all of them.
@Suite struct UnfoldingTests {
  private static let limits = QueryLimits(
    deadline: .milliseconds(40), rows: 2000, bytes: 1 << 20, memory: 24 << 20)
  private static let codes: Set = [
    "catalog.statement", "catalog.deadline", "catalog.memory", "catalog.row-limit", "catalog.byte-limit",
    "catalog.too-big", "catalog.too-complex",
    // Longer than a statement may be.
    "catalog.refused",
  ]

  /// `COHORT_SQL_HOSTILE` sets how many statements are tried of each seed.
  @Test(arguments: [21, 22] as [UInt64])
  func limitsHold(seed: UInt64) throws {
    let count = Int(ProcessInfo.processInfo.environment["COHORT_SQL_HOSTILE"] ?? "") ?? 1000
    let fixture = try TablesFixture(seed: seed, samples: 600)
    var statements = UnfoldingStatement(seed: seed)
    var (slowest, highest, names) = (0.0, Int64(0), [String: Int]())
    for number in 0..<count {
      let sql = statements.next()
      let place = "seed \(seed), statement \(number): \(sql.prefix(2000))"
      let (before, start) = (sqlite3_memory_used(), Self.processorSeconds())
      _ = sqlite3_memory_highwater(1)
      do {
        let answer = try fixture.query(sql, limits: Self.limits)
        names["answered", default: 0] += 1
        #expect(Self.leastBytes(answer) <= Self.limits.bytes, "\(place)")
      } catch let error as CohortError {
        names[error.code.name, default: 0] += 1
        #expect(Self.codes.contains(error.code.name), "\(place): \(error)")
      }
      let seconds = Self.processorSeconds() - start
      let memory = sqlite3_memory_highwater(0) - before
      (slowest, highest) = (max(slowest, seconds), max(highest, memory))
      // Of this thread: the machine may be busy with others. It takes a moment to compile and to give memory back.
      #expect(seconds < 1.04, "\(place) took \(seconds) s")
      // The rest is of the other tests of this process.
      #expect(memory < 64 << 20, "\(place) took \(memory) bytes")
    }
    print("seed \(seed): \(count) statements, slowest \(slowest) s, memory \(highest >> 20) MiB, \(names)")
    for code in ["answered", "catalog.too-complex", "catalog.deadline", "catalog.byte-limit"] {
      #expect(names[code, default: 0] > 0, "seed \(seed): no statement ended with \(code)")
    }
  }

  /// What the answer takes as lines of JSON, escapes left out.
  private static func leastBytes(_ answer: CatalogResult) -> Int {
    let names = answer.columns.reduce(3) { $0 + $1.utf8.count + 4 }
    return answer.rows.reduce(0) { sum, row in
      row.reduce(sum + names) { sum, value in
        switch value {
        case .null: sum + 4
        case .integer(let number): sum + String(number).utf8.count
        case .real: sum + 3
        case .text(let text): sum + text.utf8.count + 2
        case .blob(let bytes): sum + 2 * bytes.count + 2
        }
      }
    }
  }

  /// Seconds that this thread was at work.
  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
