internal import CohortLMDB
internal import CohortCore

extension Verification {
  /// Every name leads to a record that has it, every record's name leads back, and there are as many as there must be.
  func checkNames(_ transaction: borrowing ReadTransaction) {
    var records: [NameKind: Int] = [:]
    var names: [NameKind: Int] = [:]
    var quarantined: UInt64 = 0
    forEach(tables.names) { (key: [UInt8], value: UnsafeRawBufferPointer) in
      let place = SealPlace(.names, key)
      let what = "Name \(key.hexadecimal)"
      guard let first = key.first else { return }
      if first == QuarantineRecord.nameKind {
        let number = try Sealed.decode(value, place, what) { try $0.fixed(UInt64.self) }
        expect(number < counters.quarantined, what, "it leads to quarantined record \(number), which is not there")
        quarantined += 1
      } else if let kind = NameKind(rawValue: first & 0x7f) {
        if first & 0x80 == 0 {
          names[kind, default: 0] += 1
          let number = try Sealed.decode(value, place, what) { try $0.fixed(UInt32.self) }
          let name = try Self.name(kind, number, transaction)
          expect(
            name.map { kind.key(ofName: $0) } == key, what, "it leads to \(kind.word) \(number), which has another")
        } else {
          records[kind, default: 0] += 1
          let number = try Self.number(ofKey: key)
          let name = try Self.name(kind, number, transaction) ?? ""
          let back = try transaction.number(kind, named: name)
          expect(back == number, "\(kind.word) \(number)", "its name \"\(name)\" does not lead to it")
        }
      } else {
        problem(what, "its kind \(first) is not known")
      }
    }
    for kind in NameKind.allCases {
      let expected = collect("meta", { try transaction.recordCount(of: kind) }) ?? 0
      for (what, count) in [("records", records[kind] ?? 0), ("names", names[kind] ?? 0)] {
        expect(count == expected, "\(kind.word)s", "there are \(count) \(what), and the counters tell of \(expected)")
      }
    }
    expect(quarantined == counters.quarantined, "quarantine", "\(quarantined) of \(counters.quarantined) can be found")
  }

  private static func number(ofKey key: [UInt8]) throws -> UInt32 {
    guard key.count == 5 else { throw CohortError.corrupted("A key in names", cause: "it has \(key.count) bytes") }
    return key.withUnsafeBytes { UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: 1, as: UInt32.self)) }
  }

  /// The name in a record of any kind; nil when there is no such record.
  private static func name(
    _ kind: NameKind, _ number: UInt32, _ transaction: borrowing ReadTransaction
  ) throws -> String? {
    switch kind {
    case .source: try transaction.record(SourceRecord.self, number: number)?.name
    case .task: try transaction.record(TaskRecord.self, number: number)?.name
    case .space: try transaction.record(EmbeddingSpace.self, number: number)?.name
    case .grouping: try transaction.record(GroupingRecord.self, number: number)?.name
    case .snapshot: try transaction.record(SnapshotRecord.self, number: number)?.name
    case .plan: try transaction.record(PlanRecord.self, number: number)?.name
    case .run: try transaction.record(RunRecord.self, number: number)?.name
    case .measure: try transaction.record(LengthMeasure.self, number: number)?.name
    }
  }

  /// Plans stand on snapshots that are there, and are what the log says.
  func checkPlans(_ transaction: borrowing ReadTransaction) {
    for plan in collect("plans", { try transaction.plans() }) ?? [] {
      let place = "plan \"\(plan.name)\""
      expect(history.plans[plan.id] == plan.hash, place, "its hash is not that of the log")
      guard let snapshot = collect(place, { try transaction.snapshot(plan.snapshot) }) else { continue }
      guard let snapshot else {
        problem(place, "its snapshot \(plan.snapshot) is not there")
        continue
      }
      expect(
        snapshot.groupings.contains { $0.id == plan.grouping }, place,
        "its grouping \(plan.grouping) is not in snapshot \"\(snapshot.name)\"")
      checkMembers(of: plan, transaction)
    }
  }

  /// Every checkpoint is sound and belongs to a run, and the last one of each run is there.
  func checkRuns(_ transaction: borrowing ReadTransaction) {
    let runs = collect("runs") { try transaction.runs() } ?? []
    forEach(tables.runs) { (key: [UInt8], value: UnsafeRawBufferPointer) in
      _ = try Sealed.open(value, SealPlace(.runs, key), "A checkpoint")
      guard key.count == 12 else { throw CohortError.corrupted("A key in runs", cause: "it has \(key.count) bytes") }
      let (id, number) = key.withUnsafeBytes {
        (
          UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self)),
          UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
        )
      }
      let run = runs.first { $0.id == id }
      expect(
        run.map { number < $0.nextCheckpoint } == true, "checkpoint \(number) of run \(id)",
        "the run does not know of it")
    }
    for run in runs { collect("run \"\(run.name)\"") { _ = try transaction.latestCheckpoint(of: run) } }
  }
}
