import CohortClustering
import CohortCore
import CohortStore

/// A real store that lives through a random history, one transaction a step.
struct StoreHistory {
  let store: Store
  var random: SplitMix64
  /// Whether labels are changed, too; histories that are known by their digest have none of that.
  var relabels = false
  private var ingested = 0
  private var names = 0
  private var groups: [GroupingID: UInt32] = [:]

  init(at path: String, seed: UInt64, clock: @escaping @Sendable () -> Int64 = SystemSources.milliseconds) throws {
    random = SplitMix64(seed: seed)
    store = try Store.create(
      at: path, id: Digest128(high: seed, low: 1),
      configuration: StoreConfiguration(
        lengthUnit: LengthUnit.allCases[Int(seed % 3)], dedupe: DedupeScope.allCases[Int(seed % 3)]),
      clock: clock)
  }

  mutating func steps(_ count: Int) throws {
    for _ in 0..<count { try step() }
  }

  mutating func step() throws {
    if relabels, Int.random(in: 0..<8, using: &random) == 0 { return try relabel() }
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<7: try ingest()
    case 7..<9: try delete()
    case 9..<10: try embed()
    case 10..<12: try createGrouping()
    case 12..<15: try commitRound()
    case 15: try drop()
    case 16: try createSnapshot()
    case 17: try createPlan()
    case 18: try measure()
    default: try checkpoint()
    }
  }

  private mutating func relabel() throws {
    let next = try store.read { try $0.counters.nextSample }
    guard next > 0 else { return }
    let changes = (0..<Int.random(in: 1...20, using: &random)).map { _ in
      var change = LabelChange(SampleID(UInt64.random(in: 0..<next, using: &random)))
      change.task =
        Int.random(in: 0..<5, using: &random) == 0 ? .missing : .named("task \(Int.random(in: 0..<12, using: &random))")
      if Bool.random(using: &random) {
        change.attributes = Array("{\"n\":\(Int.random(in: 0..<9, using: &random))}".utf8)
      }
      return change
    }
    _ = try store.write { try $0.relabel(changes, reason: "by hand") }
  }

  private mutating func name(_ prefix: String) -> String {
    names += 1
    // Names are whatever users type and the store takes.
    return prefix + ["-\(names)", " \(names) 'quoted\"", "\u{2400}\(names)", " ü🙂\(names)"][names % 4]
  }

  mutating func ingest(samples: Int? = nil) throws {
    var batch = SampleBatch()
    for _ in 0..<(samples ?? Int.random(in: 0...25, using: &random)) {
      let line = UInt64(batch.records.count + 1)
      if Int.random(in: 0..<8, using: &random) == 0 {
        let raw = [UInt8]((0..<Int.random(in: 0...400, using: &random)).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        batch.rejections.append(
          SampleBatch.Rejection(
            line: line, reason: "invalid-json", detail: "at byte 0", raw: raw, rawSize: UInt64(raw.count)))
        batch.records.append(.rejected(batch.rejections.count - 1))
        continue
      }
      let isOld = ingested > 0 && Int.random(in: 0..<4, using: &random) == 0
      let number = isOld ? Int.random(in: 0..<ingested, using: &random) : ingested
      if !isOld { ingested += 1 }
      let content = SampleContent.encode([
        Message(role: .user, text: "Question \(number)?"), Message(role: .assistant, text: "Answer \(number)"),
      ])
      let start = batch.arena.count
      batch.arena += content
      var task: Int?
      if Bool.random(using: &random) {
        let label = "task \(Int.random(in: 0..<9, using: &random))"
        task = batch.tasks.firstIndex(of: label) ?? batch.tasks.count
        if task == batch.tasks.count { batch.tasks.append(label) }
      }
      batch.rows.append(
        SampleBatch.Row(
          content: start..<batch.arena.count, attributes: batch.arena.count..<batch.arena.count,
          contentHash: XXH3.hash64(content), task: task, line: line,
          lengths: SampleLengths(prompt: 11, response: 8, total: 19)))
      batch.records.append(.sample(batch.rows.count - 1))
    }
    // Sources are called what the data is called.
    let source = ["source 0", "source\u{0}1", "source \"2", "source 3"][Int.random(in: 0..<4, using: &random)]
    let prepared = PreparedBatch(batch)
    _ = try store.write { try $0.ingest(prepared, source: source, origin: "/data/\(source).jsonl") }
  }

  private mutating func someSamples(_ limit: Int) throws -> [SampleID] {
    let count = try store.read { try $0.counters.nextSample }
    guard count > 0 else { return [] }
    let first = UInt64.random(in: 0..<count, using: &random)
    let run = (first..<min(first + 4, count)).map { SampleID($0) }
    return run
      + (0..<Int.random(in: 0...limit, using: &random)).map { _ in
        SampleID(UInt64.random(in: 0..<count, using: &random))
      }
  }

  private mutating func delete() throws {
    let ids = try someSamples(6)
    _ = try store.write { try $0.delete(ids, reason: "take-down") }
  }

  private mutating func embed() throws {
    let ids = Array(Set(try someSamples(5))).sorted()
    let newName = name("space")
    let isNew = Int.random(in: 0..<3, using: &random) == 0
    try store.write { transaction in
      let spaces = try transaction.reading.spaces()
      guard let space = spaces.last, !isNew else {
        _ = try transaction.createSpace(name: newName, provider: "npy", fingerprint: "f", dimension: 4)
        return
      }
      let present = ids.dropLast(ids.count / 3)
      let rows = [UInt8](repeating: 60, count: present.count * space.vectors.rowWidth)
      _ = try rows.withUnsafeBytes {
        try transaction.embed(Array(present), rows: $0, without: Array(ids.suffix(ids.count / 3)), in: space)
      }
    }
  }

  /// Adds a length measure, drops one, or measures what comes next.
  private mutating func measure() throws {
    let newName = name("measure")
    let choice = Int.random(in: 0..<6, using: &random)
    try store.write { transaction in
      let measures = try transaction.reading.measures()
      guard let measure = measures.last, choice > 0 else {
        let tokenizer = names % 2 == 0 ? Digest128(high: 1, low: UInt64(names)) : nil
        _ = try transaction.createMeasure(
          name: newName, unit: tokenizer == nil ? .words : .tokens, tokenizer: tokenizer)
        return
      }
      if choice == 1 { return try transaction.dropMeasure(named: measure.name) }
      let count = min(transaction.counters.nextSample - measure.rows, 40)
      try transaction.measure(
        (0..<count).map { SampleLengths(prompt: UInt32($0), response: 1, total: UInt32($0) + 1) },
        from: SampleID(measure.rows), by: measure)
    }
  }

  private mutating func createGrouping() throws {
    let space = try store.read { try $0.spaces().last }
    let nearby: any GroupingKind = space.map { EmbeddingKind(space: $0.name) } ?? TaskKind()
    let definitions: [GroupingDefinition] = [
      GroupingDefinition(criterion: .task), GroupingDefinition(criterion: .attribute("k\"ey")),
      GroupingDefinition(criterion: .length(.response, .given([16, 64]))),
      GroupingDefinition(criterion: .length(.prompt, .quantiles(8)), granularity: .groups(3)),
      GroupingDefinition(criterion: nearby, granularity: .groupSize(100)),
    ]
    let definition = definitions[Int.random(in: 0..<definitions.count, using: &random)]
    let name = name("grouping")
    _ = try store.write { try $0.createGrouping(name: name, definition: definition) }
  }

  /// A round that opens, divides, merges or closes groups, and assigns some samples.
  private mutating func commitRound() throws {
    let groupings = try store.read { try $0.groupings() }
    guard !groupings.isEmpty else { return try createGrouping() }
    let grouping = groupings[Int.random(in: 0..<groupings.count, using: &random)]
    let ids = Array(Set(try someSamples(10))).sorted()
    let known = groups[grouping.id] ?? 0
    var events = [GroupEvent(.born, position: 0, child: GroupID(known), count: UInt64(ids.count))]
    if known > 0 {
      let old = GroupID(UInt32.random(in: 0..<known, using: &random))
      switch Int.random(in: 0..<4, using: &random) {
      case 0: events = [GroupEvent(.split, position: 9, parent: old, child: GroupID(known), count: 5, gain: 0.125)]
      case 1: events.append(GroupEvent(.merged, position: 9, parent: GroupID(known), child: old, count: 2, gain: -1))
      case 2: events.append(GroupEvent(.closed, position: 9, child: old, count: 0))
      default: events.append(GroupEvent(.republished, position: 9, child: old, count: 3, gain: .nan))
      }
    }
    groups[grouping.id] = known + 1
    let last = try store.read { try $0.counters.lastSequence }
    let commit = RoundCommit(
      assignments: ids.map { Assignment(id: $0, group: GroupID(known)) },
      groups: [GroupRecord(id: GroupID(known), geometry: .label("g\(known)"), born: 0)], engineState: [],
      applied: FeedPosition(sequence: last, offset: 0), isProvisional: Bool.random(using: &random),
      events: events.map { event in
        var writer = ByteWriter()
        event.encode(into: &writer)
        return writer.bytes
      }, digest: random.next())
    _ = try store.write { try $0.commit(commit, to: grouping) }
  }

  private mutating func drop() throws {
    let choice = Int.random(in: 0..<5, using: &random)
    try store.write { transaction in
      switch choice {
      case 3:
        if let space = try transaction.reading.spaces().first { try transaction.makeDefault(space: space.name) }
      case 4:
        let chosen = try transaction.reading.chosenSpace()
        let used = try transaction.reading.groupings().map(\.definition.space)
        let isFree = { (space: EmbeddingSpace) in space.id != chosen?.id && !used.contains(space.name) }
        if let space = try transaction.reading.spaces().first(where: isFree) {
          try transaction.dropSpace(named: space.name)
        }
      case 0: if let plan = try transaction.reading.plans().first { try transaction.dropPlan(named: plan.name) }
      case 1:
        let used = Set(try transaction.reading.plans().map(\.snapshot))
        if let snapshot = try transaction.reading.snapshots().first(where: { !used.contains($0.id) }) {
          try transaction.dropSnapshot(named: snapshot.name)
        }
      default:
        if let grouping = try transaction.reading.groupings().last {
          try transaction.dropGrouping(named: grouping.name)
        }
      }
    }
  }

  private mutating func createSnapshot() throws {
    let groupings = try store.read { try $0.groupings().map(\.name) }
    let name = name("snapshot")
    _ = try store.write { try $0.createSnapshot(name: name, groupings: Array(groupings.prefix(2))) }
  }

  private mutating func createPlan() throws {
    guard let snapshot = try store.read({ try $0.snapshots().last }), let grouping = snapshot.groupings.first else {
      return try createSnapshot()
    }
    let name = name("plan")
    let hash = Digest128(high: random.next(), low: 0)
    _ = try store.write {
      try $0.createPlan(
        name: name, snapshot: snapshot, grouping: grouping.id, hash: hash,
        plan: [1, 2], report: "{\"steps\":3}")
    }
  }

  private mutating func checkpoint() throws {
    guard let plan = try store.read({ try $0.plans().last }) else { return try createPlan() }
    let runs = try store.read { try $0.runs() }
    let name = name("run")
    let epoch = UInt64.random(in: 0..<4, using: &random)
    try store.write { transaction in
      guard let run = runs.last, epoch > 0 else {
        _ = try transaction.createRun(name: name, plan: plan)
        return
      }
      _ = try transaction.saveCheckpoint([1, 2, 3], run: run.name, epoch: epoch, step: 7)
    }
  }
}
