import CohortCore
import CohortLMDB
import CohortStore
import CohortTesting

/// A small store with something in every table, the same bytes on every run.
struct FormatStore {
  let store: Store
  let path: String

  static let id = Digest128(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)
  static let time: Int64 = 1_700_000_000_000

  /// Makes the store in `path`.
  init(at path: String) throws {
    self.path = path
    store = try Store.create(
      at: path, id: Self.id, configuration: StoreConfiguration(lengthUnit: .bytes), owner: "test", mapSize: 64 << 20,
      clock: { Self.time })
    try ingest()
    let space = try embed()
    try group(space)
    try train()
  }

  private func ingest() throws {
    var first = SampleBatchBuilder()
    first.add(prompt: "2+2?", response: "4", task: "sums", attributes: "{\"level\":1}")
    first.add(prompt: "Capital of France?", response: "Paris", task: "facts")
    first.reject("{broken")
    first.add(prompt: "Say hello.", response: String(repeating: "hello ", count: 40))
    // The same content in another task: a duplicate.
    first.add(prompt: "2+2?", response: "4", task: "facts")
    _ = try store.write { try $0.ingest(first.prepared, source: "set/a.jsonl", origin: "/data/set/a.jsonl") }
    var second = SampleBatchBuilder()
    second.add(prompt: "2+2?", response: "4", task: "sums")
    second.add(prompt: "3+3?", response: "6", task: "sums")
    _ = try store.write { try $0.ingest(second.prepared, source: "b", origin: "-") }
  }

  private func embed() throws -> EmbeddingSpace {
    let space = try store.write {
      try $0.createSpace(name: "mini", provider: "npy", fingerprint: "f1", dimension: 2, element: .float32)
    }
    let rows: [Float] = [1, 0, 0, 1, 0.6, 0.8]
    _ = try store.write { transaction in
      try rows.withUnsafeBytes {
        try transaction.embed(
          [SampleID(0), SampleID(1), SampleID(3)], rows: $0, without: [SampleID(2)], in: space)
      }
    }
    return space
  }

  private func group(_ space: EmbeddingSpace) throws {
    let tasks = try store.write {
      try $0.createGrouping(name: "tasks", definition: GroupingDefinition(criterion: .task))
    }
    let near = try store.write {
      try $0.createGrouping(
        name: "near", definition: GroupingDefinition(criterion: .embedding(space: "mini"), granularity: .groups(2)))
    }
    let end = FeedPosition(sequence: LogSequence(3), offset: 2)
    try store.write { transaction in
      try transaction.commit(
        RoundCommit(
          assignments: [
            Assignment(id: SampleID(0), group: GroupID(1)), Assignment(id: SampleID(1), group: GroupID(2)),
            Assignment(id: SampleID(2), group: GroupID(0)), Assignment(id: SampleID(3), group: GroupID(1)),
            Assignment(id: SampleID(4), group: GroupID(1)),
          ],
          groups: [
            GroupRecord(id: GroupID(0), geometry: .label(""), born: 0),
            GroupRecord(id: GroupID(1), geometry: .label("sums"), born: 0, engineState: [7]),
            GroupRecord(id: GroupID(2), geometry: .label("facts"), born: 0),
          ], engineState: [1, 2, 3], applied: end, isProvisional: false, events: [[9]],
          digest: 0x0102_0304), to: tasks)
      try transaction.commit(
        RoundCommit(
          assignments: [
            Assignment(id: SampleID(0), group: GroupID(0), distance: 0.25),
            Assignment(id: SampleID(1), group: GroupID(1)),
            Assignment(id: SampleID(3), group: GroupID(1), distance: 0.5),
          ],
          groups: [
            GroupRecord(id: GroupID(0), geometry: .centroid([1, 0]), born: 0),
            GroupRecord(id: GroupID(1), geometry: .centroid([0, 1]), parent: GroupID(0), born: 6),
          ], engineState: [], applied: FeedPosition(sequence: LogSequence(5), offset: 3), isProvisional: true,
          events: [], digest: 0x0506_0708), to: near)
    }
    _ = try store.write { try $0.delete([SampleID(1)], reason: "asked for") }
  }

  private func train() throws {
    let snapshot = try store.write { try $0.createSnapshot(name: "v1", groupings: ["tasks", "near"]) }
    let plan = try store.write {
      try $0.createPlan(
        name: "p", snapshot: snapshot, grouping: GroupingID(0), hash: Digest128(high: 5, low: 6), plan: [1, 2, 3],
        report: "{}")
    }
    _ = try store.write { try $0.createRun(name: "r", plan: plan) }
    _ = try store.write { try $0.saveCheckpoint([4, 5, 6], run: "r", epoch: 1, step: 20) }
  }
}

/// The tables of a store as they are: keys and values as bytes.
struct RawTables {
  static let names: [(name: String, key: TableDefinition.Key)] = [
    ("meta", .bytes), ("log", .integer), ("samples", .integer), ("identity", .integer), ("columns", .integer),
    ("names", .bytes), ("groups", .integer), ("membership", .bytes), ("quarantine", .integer),
    ("dictionaries", .integer), ("runs", .bytes),
  ]

  let environment: CohortLMDB.Environment

  /// Shares the environment of the store that is open at `path`.
  init(at path: String) throws {
    var options = Environment.Options()
    options.readOnly = true
    environment = try EnvironmentRegistry.environment(
      at: path, tables: Self.names.map { TableDefinition($0.name, key: $0.key) }, options: options)
  }

  /// All values of a table; integer keys as 8 bytes, most significant first, so that they sort.
  func values(_ name: String) throws -> [(key: [UInt8], value: [UInt8])] {
    let table = try environment.table(name)
    var all: [(key: [UInt8], value: [UInt8])] = []
    try environment.read { transaction in
      switch table.key {
      case .integer:
        try transaction.walk(table) { (key: UInt64, value) in
          all.append((withUnsafeBytes(of: key.bigEndian) { [UInt8]($0) }, [UInt8](value)))
          return true
        }
      case .bytes:
        try transaction.walk(table, from: []) { (key: UnsafeRawBufferPointer, value) in
          all.append(([UInt8](key), [UInt8](value)))
          return true
        }
      }
    }
    return all
  }

  /// Changes a value behind the store's back. The store must be open for writing.
  func change(_ name: String, _ key: [UInt8], _ body: (inout [UInt8]) -> Void) throws {
    let table = try environment.table(name)
    let writer = WriterThread()
    defer { writer.stop() }
    try writer.perform {
      try environment.write { transaction in
        var value: [UInt8]
        switch table.key {
        case .integer: value = [UInt8](try transaction.get(table, Self.integer(key)) ?? .init(start: nil, count: 0))
        case .bytes: value = [UInt8](try transaction.get(table, key) ?? .init(start: nil, count: 0))
        }
        body(&value)
        try value.withUnsafeBytes {
          switch table.key {
          case .integer: try transaction.put(table, Self.integer(key), $0)
          case .bytes: try transaction.put(table, key, $0)
          }
        }
      }
    }
  }

  /// Changes a value of a table with byte keys, and gives it the checksum that belongs to it.
  func rewrite(_ name: String, _ number: UInt64, _ key: [UInt8], _ body: (inout [UInt8]) -> Void) throws {
    try change(name, key) { value in
      body(&value)
      let checksum = XXH3.hash64(Array(value[8...])) ^ salt(number, XXH3.hash64(key))
      withUnsafeBytes(of: checksum.littleEndian) { value.replaceSubrange(..<8, with: $0) }
    }
  }

  /// Makes the counters those of the last transaction, as the store demands after a change behind its back.
  func catchUpCounters() throws {
    let transaction = try environment.statistics().lastTransaction + 1
    try rewrite("meta", 1, Array("counters".utf8)) { value in
      withUnsafeBytes(of: transaction.littleEndian) { value.replaceSubrange((value.count - 8)..., with: $0) }
    }
  }

  func remove(_ name: String, _ key: [UInt8]) throws {
    let table = try environment.table(name)
    let writer = WriterThread()
    defer { writer.stop() }
    try writer.perform {
      try environment.write { transaction in
        switch table.key {
        case .integer: _ = try transaction.delete(table, Self.integer(key))
        case .bytes: _ = try transaction.delete(table, key)
        }
      }
    }
  }

  static func integer(_ key: [UInt8]) -> UInt64 { key.reduce(0) { $0 << 8 | UInt64($1) } }

  static func key(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) } }
}

/// Bytes as hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
