import CohortCatalog
import CohortCore
import CohortStore
import CohortTables
import CohortTesting
import Foundation
import Testing

/// Whatever is asked: nothing is written, no file is read, and deadline and memory hold.
@Suite struct HostileTableTests {
  private static let deadline = Duration.milliseconds(40)
  private static let expected: Set = [
    "catalog.refused", "catalog.statement", "catalog.arguments", "catalog.deadline", "catalog.memory",
    "catalog.row-limit", "catalog.byte-limit", "catalog.too-big", "tables.argument", "tables.required",
    "tables.not-here", "store.unknown-grouping", "store.unknown-plan", "store.unknown-embedding-space",
    "planning.no-such-step", "planning.invalid-slice",
  ]

  /// `COHORT_SQL_HOSTILE` sets how many statements are tried of each seed.
  @Test(arguments: [11, 12] as [UInt64])
  func nothingHostileIsDone(seed: UInt64) throws {
    let count = Int(ProcessInfo.processInfo.environment["COHORT_SQL_HOSTILE"] ?? "") ?? 1000
    let fixture = try TablesFixture(seed: seed, samples: 600)
    let before = try state(fixture)
    var statements = HostileTableStatement(seed: seed)
    let limits = QueryLimits(deadline: Self.deadline, rows: 2000, bytes: 1 << 20, memory: 24 << 20)
    var (answered, slowest, names) = (0, Duration.zero, [String: Int]())
    let services = TableSession.Services(encode: { text, _ in text.isEmpty ? nil : [1, 0, 0, 0, 0, 0, 0, 0] })
    let resident = Self.residentBytes()
    for number in 0..<count {
      let sql = statements.next()
      let time = ContinuousClock().measure {
        do {
          _ = try fixture.query(sql, limits: limits, services: services)
          answered += 1
        } catch let error as CohortError {
          names[error.code.name, default: 0] += 1
          #expect(Self.expected.contains(error.code.name), "seed \(seed), statement \(number): \(sql): \(error)")
        } catch {
          Issue.record(error, "seed \(seed), statement \(number): \(sql)")
        }
      }
      slowest = max(slowest, time)
      // The machine may be busy: a statement that outlives its deadline by much runs for ever.
      #expect(time < .seconds(10), "seed \(seed), statement \(number): \(sql) took \(time)")
    }
    let growth = Self.residentBytes() - resident
    print(
      "seed \(seed): \(count) statements, \(answered) answered, slowest \(slowest), memory +\(growth >> 20) MiB, \(names)"
    )
    #expect(answered > count / 12, "hardly any statement is understood")
    #expect(growth < 300 << 20, "memory grew by \(growth) bytes")
    #expect(try state(fixture) == before, "seed \(seed)")
    #expect(try fixture.catalog.catchUp(from: fixture.store).rebuilt == nil)
  }

  /// The tables ask the clock, too, where a scan gives SQLite no row to do so.
  @Test func scansWithoutRowsKeepTheDeadline() throws {
    let fixture = try TablesFixture(seed: 13, samples: 600)
    let session = TableSession(fixture.store, isForOneStatement: true)
    var asked = 0
    let error = #expect(throws: CohortError.self) {
      try fixture.catalog.reader().query(
        "SELECT count(*) FROM members a, members b WHERE a.group_id = 99 AND b.group_id = 98 OR a.id < b.id",
        limits: QueryLimits(deadline: .seconds(60)), tables: session,
        isCancelled: {
          asked += 1
          return asked > 20
        })
    }
    #expect(error?.code.name == "catalog.cancelled", "\(error as Any)")
  }

  private func state(_ fixture: TablesFixture) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: fixture.store.path).sorted()
      + [
        "\(try fixture.catalog.contentDigest())", "\(try fixture.store.read { try $0.counters })",
        "\(FileManager.default.fileExists(atPath: "/tmp/cohort-hostile.db"))",
      ]
  }

  /// What the process has in memory.
  private static func residentBytes() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
  }
}
