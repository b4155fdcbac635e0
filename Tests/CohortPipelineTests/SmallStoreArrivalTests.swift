import CohortCatalog
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Arrival in pieces, for stores small enough that groups by embedding are polished: whenever the store is brought up to date,
/// its rounds are the same.
@Suite struct SmallStoreArrivalTests {
  private static let dimension = 12

  /// Vectors of a few kinds, some of them rare, one kind after the other.
  private static func vectors(_ count: Int, _ random: inout TestRandom) -> [[Float]] {
    let kinds = (0..<15).map { _ in (0..<dimension).map { _ in random.normal() } }
    return (0..<count).map { row in
      let kind = kinds[row * row * kinds.count / (count * count)]
      return kind.map { Float($0 + 0.4 * random.normal()) }
    }
  }

  /// Everything that a reader, the catalog or a replay sees of a grouping, but for the places of its entries in the log.
  private static func content(_ store: Store, _ name: String) throws -> (rounds: [String], rows: [String]) {
    try store.read { transaction in
      let grouping = try #require(try transaction.grouping(named: name))
      var rounds: [String] = []
      try transaction.forEachEntry { entry in
        if let round = entry.event as? LogEvent.Round, round.grouping == grouping.id, !round.provisional {
          rounds.append("\(round.state) \(round.assigned) \(round.events)")
        }
        return true
      }
      let rows = try (0..<(try transaction.counters.nextSample)).map { row in
        let group = try transaction.uint32(grouping.groupColumn, SampleID(row))
        return "\(row) \(group) \(try transaction.uint32(grouping.distanceColumn, SampleID(row)))"
      }
      let groups = try transaction.groups(of: grouping.id).map { "\($0.id) \($0.size) \($0.isOpen) \($0.engineState)" }
      return (rounds, rows + groups)
    }
  }

  @Test(arguments: [UInt64(1), 2])
  func updatesAtAnyTimeMakeTheSameRounds(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let vectors = Self.vectors(420, &random)
    var moments = TestRandom(seed: seed + 1_000)
    let folder = try TemporaryFolder()

    /// Ingests rows, a piece at a time; deletes some of them in the middle.
    func history(_ path: String, _ length: () -> Int, _ between: (Store) throws -> Void) throws -> Store {
      let store = try Store.create(at: folder.file(path))
      var start = 0
      for end in [150, 420] {
        while start < end {
          let rows = start..<min(start + length(), end)
          let lines = rows.map { #"{"prompt":"question \#($0)","completion":"answer \#($0)"}"# }
          let file = folder.file("\(path)-\(start).jsonl")
          try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: file))
          try folder.write("\(path)-\(start).npy", NPYFile.floats(Array(vectors[rows])))
          _ = try IngestJob.run(
            store,
            IngestRequest(paths: [file], embeddings: folder.file("\(path)-\(start).npy"), space: "v"))
          if start == 0 {
            _ = try store.write {
              try $0.createGrouping(
                name: "topics", definition: GroupingDefinition(criterion: .embedding(space: "v")))
            }
          }
          try between(store)
          start = rows.upperBound
        }
        if end == 150 {
          _ = try DeletionJob.run(store, (0..<30).map { SampleID(UInt64($0 * 4)) }, reason: "test")
          try between(store)
        }
      }
      try Pending.group(store)
      return store
    }
    let whole = try history("whole", { 420 }, { _ in })
    let pieces = try history(
      "pieces", { 1 + random.below(90) }, { if moments.below(3) > 0 { try Pending.group($0) } }
    )

    let (expected, found) = (try Self.content(whole, "topics"), try Self.content(pieces, "topics"))
    #expect(expected.rounds.count == 450, "a round for each record")
    #expect(found.rounds == expected.rounds, "seed \(seed)")
    #expect(found.rows == expected.rows, "seed \(seed)")
    for store in [whole, pieces] {
      let report = try ReplayJob.run(store, grouping: "topics")
      #expect(report.isSame, "seed \(seed): \(report.difference?.what ?? report.obstacle ?? "")")
      #expect(try store.verify().isSound, "seed \(seed)")
    }
    let statement = """
      SELECT kind, position, parent, child, members, gain FROM group_events
      ORDER BY position, sequence, ordinal
      """
    let lineage = "SELECT group_id, parent, heir, closed_sequence IS NULL AS is_open FROM lineage ORDER BY group_id"
    for sql in [statement, lineage] {
      let answers = try [whole, pieces].map { store in
        let catalog = try Catalog(of: store)
        return try catalog.query(sql).rows.map { "\($0)" }
      }
      #expect(answers[0] == answers[1] && !answers[0].isEmpty, "seed \(seed)")
    }
  }
}
