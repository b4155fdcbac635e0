public import CohortCore
internal import CohortLMDB

/// A training run: which plan it follows and how many checkpoints it has made.
public struct RunRecord: Hashable, Sendable, NamedRecord {
  static let kind = NameKind.run
  /// Given by the store when the run is created; never given again.
  public var id: UInt32
  /// Given by the user; unique among the store's runs.
  public var name: String
  /// Name of the plan that the run follows; the plan may have been dropped since.
  public var plan: String
  /// Hash of that plan: a plan of the same name with another hash is another plan.
  public var planHash: Digest128
  /// Milliseconds since 1970, UTC.
  public var created: Int64
  /// The number of the next checkpoint: as many as the run has made, removed ones included.
  public var nextCheckpoint: UInt64

  var number: UInt32 { id }
}

extension RunRecord {
  init(from reader: inout ByteReader) throws {
    id = try reader.fixed()
    name = try reader.string()
    plan = try reader.string()
    planHash = try reader.digest()
    created = try reader.fixed()
    nextCheckpoint = try reader.varint()
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id)
    writer.string(name)
    writer.string(plan)
    writer.digest(planHash)
    writer.fixed(created)
    writer.varint(nextCheckpoint)
  }
}

/// A checkpoint as the store keeps it.
public struct StoredCheckpoint: Sendable {
  /// Its number in its run, counted from 0.
  public var number: UInt64
  /// The encoded checkpoint: opaque to the store.
  public var bytes: [UInt8]
}

extension ReadTransaction {
  /// The run of a name; nil when there is none.
  public func run(named name: String) throws -> RunRecord? { try record(RunRecord.self, named: name) }

  /// All runs in the order of their ids.
  public func runs() throws -> [RunRecord] { try records(RunRecord.self) }

  /// The numbers of a run's checkpoints, ascending.
  public func checkpoints(of run: RunRecord) throws -> [UInt64] {
    var numbers: [UInt64] = []
    let prefix = Checkpoints.key(run.id, 0).prefix(4)
    try unsafe.walk(tables.runs, from: Checkpoints.key(run.id, 0)) { key, _ in
      guard key.count == 12, key.prefix(4).elementsEqual(prefix) else { return false }
      numbers.append(UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 4, as: UInt64.self)))
      return true
    }
    return numbers
  }

  /// One checkpoint of a run; nil when it is not there (any more).
  public func checkpoint(_ number: UInt64, of run: RunRecord) throws -> StoredCheckpoint? {
    guard let stored = try unsafe.get(tables.runs, Checkpoints.key(run.id, number)) else { return nil }
    let body = try Sealed.open(
      stored, SealPlace(.runs, Checkpoints.key(run.id, number)), "Checkpoint \(number) of run \"\(run.name)\"")
    return StoredCheckpoint(number: number, bytes: [UInt8](body))
  }

  /// The last checkpoint of a run; nil before the first.
  /// - Throws: `store.corrupted` when it is gone or fails its checksum.
  public func latestCheckpoint(of run: RunRecord) throws -> StoredCheckpoint? {
    guard run.nextCheckpoint > 0 else { return nil }
    guard let last = try checkpoint(run.nextCheckpoint - 1, of: run) else {
      throw CohortError.missing("Checkpoint \(run.nextCheckpoint - 1) of run \"\(run.name)\"")
    }
    return last
  }
}

/// `runs[run u32 | number u64]`, both big-endian = checksum and the checkpoint.
enum Checkpoints {
  static func key(_ run: UInt32, _ number: UInt64) -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(run.byteSwapped)
    writer.fixed(number.byteSwapped)
    return writer.bytes
  }
}

extension WriteTransaction {
  /// Adds a run that follows a plan.
  public func createRun(name: String, plan: PlanRecord) throws -> RunRecord {
    try NameRule.check(name, of: "run")
    guard try reading.run(named: name) == nil else { throw CohortError.exists("run", name) }
    let record = RunRecord(
      id: state.counters.nextRun, name: name, plan: plan.name, planHash: plan.hash, created: state.time,
      nextCheckpoint: 0)
    state.counters.nextRun += 1
    try put(record)
    try log(LogEvent.RunCreated(name: name, plan: plan.name, planHash: plan.hash))
    return record
  }

  /// Stores a checkpoint of a run and keeps the last `keep` of them.
  /// - Returns: its number.
  public func saveCheckpoint(
    _ bytes: [UInt8], run name: String, epoch: UInt64, step: UInt64, keep: Int = 3
  ) throws -> UInt64 {
    guard var run = try reading.run(named: name) else {
      throw CohortError.unknown("run", name, known: try reading.runs().map(\.name))
    }
    let number = run.nextCheckpoint
    run.nextCheckpoint += 1
    let key = Checkpoints.key(run.id, number)
    try Sealed.seal(bytes, SealPlace(.runs, key)).withUnsafeBytes { try unsafe.put(tables.runs, key, $0) }
    for old in try reading.checkpoints(of: run).dropLast(max(keep, 1)) {
      try unsafe.delete(tables.runs, Checkpoints.key(run.id, old))
    }
    try put(run)
    try log(
      LogEvent.Checkpoint(
        run: name, number: number, plan: run.plan, planHash: run.planHash, epoch: epoch, step: step,
        stateBytes: UInt64(bytes.count)))
    return number
  }
}
