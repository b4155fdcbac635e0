import CohortCatalog
import CohortCore
import CohortPlanning
import CohortStore
import CohortTables
import CohortTesting
import GRDB

/// A store with something for every table: several blocks of samples, deleted ones, further measures and spaces that cover some
/// of them, groupings of several kinds, snapshots, a plan.
final class TablesFixture {
  let folder: TemporaryFolder
  let store: Store
  let catalog: Catalog
  let seed: UInt64
  static let dimension = 8
  static let groups = 12

  init(seed: UInt64, samples: Int = 4500) throws {
    self.seed = seed
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), id: Digest128(high: seed, low: 7))
    var random = TestRandom(seed: seed)
    try Self.ingest(samples, into: store, &random)
    try Self.embed(into: store, samples, &random)
    try Self.group(store, samples, &random)
    try Self.draw(store, samples, &random)
    try Self.change(store, samples, &random)
    try Self.pack(UInt64(samples / 2), of: store)
    catalog = try Catalog(of: store)
  }

  /// A statement over the store's tables, as `cohort sql` asks it.
  func query(
    _ sql: String, limits: QueryLimits = QueryLimits(deadline: .seconds(60)),
    services: TableSession.Services = TableSession.Services()
  ) throws -> CatalogResult {
    let session = TableSession(store, services: services, isForOneStatement: true)
    return try catalog.reader().query(sql, limits: limits, tables: session)
  }

  // MARK: Making it

  private static let words = ["apple", "Banane", "цифра", "数学", "it's", "100 %", "a_b", "🙂", "\n", "\"q\""]

  private static func text(_ random: inout TestRandom) -> String {
    (0..<random.below(6)).map { _ in words[random.below(words.count)] }.joined(separator: " ")
  }

  private static func ingest(_ count: Int, into store: Store, _ random: inout TestRandom) throws {
    var done = 0
    while done < count {
      var builder = SampleBatchBuilder()
      let size = min(count - done, 700)
      for number in done..<(done + size) {
        var messages: [Message] = []
        if random.below(4) == 0 { messages.append(Message(role: .system, text: "Be brief. " + text(&random))) }
        for _ in 0...random.below(2) { messages.append(Message(role: .user, text: "q\(number) " + text(&random))) }
        if random.below(6) == 0 { messages.append(Message(role: .other("critic"), text: "hm")) }
        if random.below(9) > 0 {
          messages.append(
            Message(
              role: .assistant, text: "a\(number) " + text(&random),
              extra: random.below(10) == 0 ? Array(#"{"name":"bot"}"#.utf8) : []))
        }
        builder.add(
          messages,
          lengths: SampleLengths(
            prompt: UInt32(random.below(50)), response: UInt32(random.below(50)), total: UInt32(random.below(90))),
          task: random.below(5) == 0 ? nil : "task \(random.below(7))",
          attributes: random.below(2) == 0 ? "" : "{\"level\":\(random.below(5))}")
      }
      let prepared = builder.prepared
      let source = "source \(random.below(3))"
      _ = try store.write { try $0.ingest(prepared, source: source, origin: "memory") }
      done += size
    }
  }

  /// Packed samples lie elsewhere than those that came in since.
  private static func pack(_ end: UInt64, of store: Store) throws {
    let packer = try store.read { try $0.packer(.standard) }
    let piece = try store.read { try $0.repacked(0..<end, packer) }
    _ = try store.write { try $0.replace([piece], packer) }
  }

  private static func embed(into store: Store, _ samples: Int, _ random: inout TestRandom) throws {
    for (name, element, share) in [("near", ElementType.float16, 10), ("far", .float32, 4)] {
      var rows: [UInt8] = []
      var ids: [SampleID] = []
      for id in 0..<UInt64(samples * 9 / 10) where random.below(10) < share {
        ids.append(SampleID(id))
        let row = random.rows(1, dimension: dimension)[0]
        let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for value in row {
          if element == .float32 {
            withUnsafeBytes(of: (value / norm).bitPattern.littleEndian) { rows += $0 }
          } else {
            withUnsafeBytes(of: Float16(value / norm).bitPattern.littleEndian) { rows += $0 }
          }
        }
      }
      let (packed, known) = (rows, ids)
      try store.write { transaction in
        let space = try transaction.createSpace(
          name: name, provider: "npy", fingerprint: name, dimension: dimension, element: element)
        _ = try packed.withUnsafeBytes { try transaction.embed(known, rows: $0, in: space) }
        if name == "near" { try transaction.makeDefault(space: name) }
      }
    }
  }

  private static func group(_ store: Store, _ samples: Int, _ random: inout TestRandom) throws {
    let definitions: [(String, GroupingDefinition)] = [
      ("by task", GroupingDefinition(criterion: .task)),
      ("topics", GroupingDefinition(criterion: EmbeddingKind(space: "near"))),
      ("bands", GroupingDefinition(criterion: .length(.response, .given([16, 32])))),
    ]
    for (name, definition) in definitions {
      let isByVector = definition.space != nil
      let centroids = random.rows(groups, dimension: dimension)
      let assignments = (0..<UInt64(samples)).compactMap { id -> Assignment? in
        guard random.below(12) > 0 else { return nil }
        let distance = isByVector ? Float(random.unit()) * (random.below(5) == 0 ? -1 : 1) : 0
        return Assignment(id: SampleID(id), group: GroupID(UInt32(random.below(groups))), distance: distance)
      }
      var records: [GroupRecord] = []
      for number in 0..<groups {
        let geometry: GroupGeometry =
          isByVector
          ? .centroid(centroids[number])
          : name == "bands" ? .interval(lower: UInt64(number), upper: UInt64(number + 1)) : .label("g \(number)")
        let parent: GroupID? = number > 8 ? GroupID(2) : nil
        let heir: GroupID? = number == 5 ? GroupID(1) : nil
        records.append(
          GroupRecord(
            id: GroupID(UInt32(number)), geometry: geometry, isOpen: number != 5, parent: parent, heir: heir,
            born: UInt64(number * 10)))
      }
      let made = records
      try store.write { transaction in
        let grouping = try transaction.createGrouping(name: name, definition: definition)
        try transaction.commit(
          RoundCommit(
            assignments: assignments, groups: made, engineState: [],
            applied: FeedPosition(sequence: transaction.counters.lastSequence.next, offset: 0), isProvisional: false,
            events: [], digest: 0), to: grouping)
      }
    }
  }

  /// Two maps of some samples, which came to them in two runs.
  private static func draw(_ store: Store, _ samples: Int, _ random: inout TestRandom) throws {
    let (grouping, space) = try store.read { (try $0.existingGrouping("topics"), try $0.spaceOrDefault("near")) }
    for (name, share) in [("overview", 3), ("other", 20)] {
      var places: [MapPlace] = []
      for run in 0..<2 {
        for id in 0..<UInt64(samples) where Int(id) % 2 == run && random.below(share) > 0 {
          let (x, y) = (Float(random.unit() * 80 - 40), Float(random.unit() * 80 - 40))
          places.append(MapPlace(id: id, x: x, y: y, cell: 0))
        }
      }
      let made = places
      let cells = random.rows(1, dimension: dimension)
      _ = try store.write {
        try $0.createMap(
          NewMap(
            name: name, grouping: grouping.id, space: space.id, dimension: dimension, rules: 1,
            through: grouping.applied, places: made, cells: cells))
      }
    }
  }

  private static func change(_ store: Store, _ samples: Int, _ random: inout TestRandom) throws {
    func pinned(_ name: String, _ groupings: [String]) throws {
      _ = try store.write { try $0.createSnapshot(name: name, groupings: groupings) }
    }
    try pinned("first", ["by task", "topics"])
    let gone = (0..<samples / 9).map { _ in SampleID(UInt64(random.below(samples))) }
    _ = try store.write { try $0.delete(gone, reason: "test") }
    try pinned("second", ["topics"])
    try store.write { transaction in
      let measure = try transaction.createMeasure(name: "words", unit: .words, tokenizer: nil)
      try transaction.measure(
        (0..<samples / 2).map { SampleLengths(prompt: UInt32($0 % 90), response: 2, total: UInt32($0 % 90 + 2)) },
        from: SampleID(0), by: measure)
    }
    try plan("even", over: "first", store)
  }

  private static func plan(_ name: String, over snapshot: String, _ store: Store) throws {
    let record = try store.read { try $0.existingSnapshot(snapshot) }
    let grouping = record.groupings[0]
    let groups = try store.read { try $0.groups(of: grouping.id, in: record.id) }
    let population = Population(
      groups: groups.map {
        PopulationGroup(id: $0.id, size: $0.size, geometry: $0.geometry, longest: $0.longest, meanLength: $0.meanLength)
      }, digest: grouping.digest, snapshotName: record.name, storeID: store.id)
    let plan = try Plan(population: population, configuration: PlanConfiguration(batchSize: 16, seed: 3))
    _ = try store.write {
      try $0.createPlan(
        name: name, snapshot: record, grouping: grouping.id, hash: plan.hash, plan: plan.encode(), report: "{}")
    }
  }
}
