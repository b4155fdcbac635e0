import CohortCatalog
import CohortClustering
import CohortCore
import CohortStore
import CohortTesting
import GRDB
import Testing

@Suite struct ProjectionTests {
  /// Law 1: the catalog is the same, however it came to be.
  @Test(arguments: 0..<12) func catchingUpInStepsEqualsRebuilding(index: Int) throws {
    let seed = UInt64(index) &* 7919 + 1
    let folder = try TemporaryFolder()
    var history = try StoreHistory(at: folder.file("s"), seed: seed)
    history.relabels = index % 2 == 1
    var choice = SplitMix64(seed: seed ^ 0xcafe)
    var catalog = try Catalog(of: history.store, options: CatalogOptions(sliceLength: 3))
    var applied: UInt64 = catalog.opening.entries
    #expect(catalog.opening.rebuilt == .missing, "seed \(seed)")
    while try history.store.read({ try $0.counters.lastSequence.rawValue }) < 150 {
      try history.steps(Int.random(in: 1...12, using: &choice))
      let slice = Int.random(in: 1...20, using: &choice)
      if Bool.random(using: &choice) {
        applied += try catalog.catchUp(from: history.store).entries
      } else {
        catalog = try Catalog(of: history.store, options: CatalogOptions(sliceLength: slice))
        #expect(catalog.opening.rebuilt == nil, "seed \(seed)")
        applied += catalog.opening.entries
      }
      #expect(try catalog.catchUp(from: history.store).entries == 0, "seed \(seed)")
    }
    let last = try history.store.read { try $0.counters.lastSequence }
    #expect(applied == last.rawValue, "seed \(seed)")
    let inSteps = try catalog.contentDigest()
    let refresh = try catalog.rebuild(from: history.store)
    #expect(refresh.rebuilt == .requested && refresh.applied == last && refresh.entries == last.rawValue)
    #expect(try catalog.contentDigest() == inSteps, "seed \(seed)")
    #expect(try catalog.verify() == [], "seed \(seed)")
  }

  /// Counted another way: from the store's columns and counters.
  @Test(arguments: [3, 4, 5] as [UInt64]) func totalsAreTheStores(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    var history = try StoreHistory(at: folder.file("s"), seed: seed)
    history.relabels = seed > 3
    try history.steps(150)
    _ = try Catalog(of: history.store)
    var sources: [UInt32: (inserted: Int, deleted: Int)] = [:]
    var tasks: [UInt32: (inserted: Int, deleted: Int)] = [:]
    let counters = try history.store.read { transaction in
      for id in 0..<(try transaction.counters.nextSample) {
        let id = SampleID(id)
        let gone = try transaction.isDeleted(id) ? 1 : 0
        let source = try transaction.uint32(Column.source, id)
        let task = try transaction.uint32(Column.task, id)
        sources[source, default: (0, 0)].inserted += 1
        sources[source, default: (0, 0)].deleted += gone
        tasks[task, default: (0, 0)].inserted += 1
        tasks[task, default: (0, 0)].deleted += gone
      }
      return try transaction.counters
    }
    let queue = try DatabaseQueue(path: history.store.path + "/" + Catalog.fileName)
    try queue.read { database in
      for (table, expected) in [("sources", sources), ("tasks", tasks)] {
        for row in try Row.fetchAll(database, sql: "SELECT id, inserted, deleted FROM \(table)") {
          let count = expected[row[0]] ?? (0, 0)
          #expect(row[1] == count.inserted && row[2] == count.deleted, "\(table) \(row), seed \(seed)")
        }
      }
      let totals = try #require(try Row.fetchOne(database, sql: "SELECT samples, deleted, quarantined FROM store"))
      #expect(totals[0] == Int64(counters.nextSample) && totals[1] == Int64(counters.deleted), "seed \(seed)")
      #expect(totals[2] == Int64(counters.quarantined), "seed \(seed)")
      let gone = try Int64.fetchOne(database, sql: "SELECT sum(samples) FROM deleted_samples") ?? 0
      #expect(gone == Int64(counters.deleted), "seed \(seed)")
      let open = try Int64.fetchOne(database, sql: "SELECT count(*) FROM lineage WHERE closed_sequence IS NULL")
      #expect(try Int64.fetchOne(database, sql: "SELECT sum(open_groups) FROM groupings") == open, "seed \(seed)")
    }
  }

  /// What concerns many groups is not shown as that of a group.
  @Test func eventsWithoutAGroupHaveNone() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    _ = try store.write { try $0.createSpace(name: "s", provider: "npy", fingerprint: "f", dimension: 4) }
    let definition = GroupingDefinition(criterion: .embedding(space: "s"))
    let grouping = try store.write { try $0.createGrouping(name: "topics", definition: definition) }
    let events = GroupEvent.Kind.allCases.map { kind in
      switch kind {
      case .refined, .guarded, .reclustered, .ruled: GroupEvent(kind, position: 1, count: 7)
      case .split, .merged: GroupEvent(kind, position: 1, parent: GroupID(0), child: GroupID(1), count: 7)
      case .born, .republished, .closed: GroupEvent(kind, position: 1, child: GroupID(0), count: 7)
      }
    }
    let round = RoundCommit(
      assignments: [], groups: [], engineState: [], applied: FeedPosition(sequence: LogSequence(2), offset: 0),
      isProvisional: false,
      events: events.map { event in
        var writer = ByteWriter()
        event.encode(into: &writer)
        return writer.bytes
      }, digest: 0)
    _ = try store.write { try $0.commit(round, to: grouping) }
    let catalog = try Catalog(of: store)
    let rows = try DatabaseQueue(path: catalog.path).read {
      try Row.fetchAll($0, sql: "SELECT kind, parent, child FROM group_events ORDER BY ordinal")
    }
    #expect(rows.count == GroupEvent.Kind.allCases.count)
    for (row, event) in zip(rows, events) {
      #expect(row["kind"] as String == event.kind.name)
      #expect(row["parent"] as Int? == (event.parent == .unassigned ? nil : 0))
      #expect(row["child"] as Int? == (event.child == .unassigned ? nil : Int(event.child.rawValue)))
    }
  }

  /// A golden value. Whoever changes what the catalog shows of a history gives the migration another name as well, so
  /// that catalogs made before are made anew.
  @Test func aKnownHistoryHasAKnownDigest() throws {
    let folder = try TemporaryFolder()
    var history = try StoreHistory(at: folder.file("s"), seed: 42) { 1_700_000_000_000 }
    try history.steps(120)
    let catalog = try Catalog(of: history.store)
    let digest = try catalog.contentDigest()
    #expect("\(digest)" == "7c446d97b4b3e1200a3741a3575adafa")
  }
}
