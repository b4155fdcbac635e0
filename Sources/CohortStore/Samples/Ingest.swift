public import CohortCore
internal import CohortLMDB

/// What became of a batch.
public struct IngestOutcome: Sendable {
  /// Records that became new samples.
  public var inserted: UInt64 = 0
  /// Records that the store, or an earlier record of the batch, has already in the scope asked for.
  public var duplicates: UInt64 = 0
  /// Duplicates whose other attributes, those that do not count for identity, are not what is stored.
  public var duplicatesDiffering: UInt64 = 0
  /// Duplicates that came with another task than the stored one.
  public var duplicatesRelabelled: UInt64 = 0
  /// Samples whose task or attributes were corrected by a duplicate.
  public var updated: UInt64 = 0
  /// Records now in quarantine because of this batch.
  public var quarantined: UInt64 = 0
  /// Rejected records that were in quarantine already.
  public var quarantinedBefore: UInt64 = 0
  /// For each record of the batch, in order: its sample, the older sample that it duplicates, or nil for rejected ones.
  public var samples: [SampleID?] = []
  /// For each record of the batch: whether it became a new sample.
  public var isNew: [Bool] = []
}

extension WriteTransaction {
  /// Stores a batch of one source: samples, columns, identity, quarantine and the log entry.
  ///
  /// Samples that the scope calls duplicates are not stored again: content and the attributes that count for identity
  /// (`SampleBatch.identity`) are equal. A batch that changes nothing makes no log entry.
  /// - Parameters:
  ///   - updatesLabels: a duplicate with another task or other attributes corrects those of the sample that is there, as
  ///     `relabel` does; of several the last one. One that comes without a task leaves the task alone.
  ///   - terms: what the source gets; nil parts stay as they are.
  /// - Throws: `store.sample-too-large` for content or attributes of 2 GiB or more; `store.source-terms`, `store.name` for
  ///   terms that it cannot get. Nothing is stored then.
  /// - Complexity: O(bytes) plus one look-up a sample, in the order of the hashes.
  public func ingest(
    _ prepared: PreparedBatch, source name: String, origin: String, dedupe: DedupeScope? = nil,
    updatesLabels: Bool = false, terms: SourceTerms = SourceTerms()
  ) throws -> IngestOutcome {
    let batch = prepared.batch
    try checkSizes(batch)
    var outcome = IngestOutcome()
    let (source, newSource) = try resolveSource(name: name, origin: origin)
    let firstNewTask = TaskID(state.counters.nextTask)
    let (tasks, newTasks) = try resolveTasks(batch.tasks)
    let search = try search(batch, tasks: tasks, source: source, scope: dedupe ?? configuration.dedupe)
    let first = state.counters.nextSample
    let firstQuarantined = state.counters.quarantined
    var columns = IngestColumns(capacity: batch.rows.count)
    var ids = [UInt64](repeating: .max, count: batch.rows.count)
    outcome.samples.reserveCapacity(batch.records.count)
    outcome.isNew.reserveCapacity(batch.records.count)
    try unsafe.withCursor(tables.samples) { cursor in
      for record in batch.records {
        var sample: UInt64?
        var isNew = false
        switch record {
        case .rejected(let index):
          if try quarantine(batch.rejections[index], source: source) {
            outcome.quarantined += 1
          } else {
            outcome.quarantinedBefore += 1
          }
        case .sample(let index):
          switch search.origins[index] {
          case .sample(let id): sample = id
          case .row(let row): sample = ids[row]
          case .new:
            let id = state.counters.nextSample
            let task = batch.rows[index].task.map { tasks[$0] } ?? .missing
            try put(prepared, index, id: id, source: source, task: task, cursor)
            columns.append(task: task, lengths: batch.rows[index].lengths)
            state.counters.nextSample += 1
            (ids[index], sample, isNew) = (id, id, true)
          }
          if isNew { outcome.inserted += 1 } else { outcome.duplicates += 1 }
        }
        outcome.samples.append(sample.map { SampleID($0) })
        outcome.isNew.append(isNew)
      }
    }
    identity.add(search.entries(ids))
    try write(columns, source: source, from: first)
    for difference in search.differences.values {
      if difference.attributes { outcome.duplicatesDiffering += 1 }
      if difference.task { outcome.duplicatesRelabelled += 1 }
    }
    if outcome.inserted > 0 || outcome.quarantined > 0 || newSource != nil || !newTasks.isEmpty {
      try log(
        LogEvent.Ingest(
          source: source, newSource: newSource, firstNewTask: firstNewTask, newTasks: newTasks, first: SampleID(first),
          inserted: outcome.inserted, duplicates: outcome.duplicates, firstQuarantined: firstQuarantined,
          quarantined: outcome.quarantined, quarantinedBefore: outcome.quarantinedBefore))
    }
    if updatesLabels, !search.differences.isEmpty {
      outcome.updated = UInt64(try relabel(corrections(of: batch, search, outcome), reason: "sent again").count)
    }
    try describe(source, terms, isNew: newSource != nil)
    return outcome
  }

  /// What the duplicates of a batch make of the samples that are there: the last one of each counts.
  private func corrections(
    of batch: SampleBatch, _ search: DuplicateSearch, _ outcome: IngestOutcome
  ) -> [LabelChange] {
    let rows = zip(batch.records, outcome.samples).compactMap { record, sample -> (row: Int, id: SampleID)? in
      guard case .sample(let row) = record, let sample else { return nil }
      return (row, sample)
    }
    let concerned = Set(rows.lazy.filter { search.differences[$0.row] != nil }.map(\.id))
    var changes: [SampleID: LabelChange] = [:]
    for (index, id) in rows where concerned.contains(id) {
      let row = batch.rows[index]
      var change = changes[id] ?? LabelChange(id)
      if let task = row.task { change.task = .named(batch.tasks[task]) }
      change.attributes = Array(batch.arena[row.attributes])
      changes[id] = change
    }
    return Array(changes.values)
  }

  /// The record has 32 bits for a size, and LMDB for that of a value.
  private func checkSizes(_ batch: SampleBatch) throws {
    guard let row = batch.rows.first(where: { $0.content.count + $0.attributes.count > Int(Int32.max) }) else { return }
    throw CohortError.sampleTooLarge(row.content.count + row.attributes.count, place: "line \(row.line)")
  }

  private struct IngestColumns {
    var task: [UInt32] = []
    var prompt: [UInt32] = []
    var response: [UInt32] = []
    var total: [UInt32] = []

    init(capacity: Int) {
      task.reserveCapacity(capacity)
      prompt.reserveCapacity(capacity)
      response.reserveCapacity(capacity)
      total.reserveCapacity(capacity)
    }

    mutating func append(task: TaskID, lengths: SampleLengths) {
      self.task.append(task.rawValue)
      prompt.append(lengths.prompt)
      response.append(lengths.response)
      total.append(lengths.total)
    }
  }

  private func write(_ values: IngestColumns, source: SourceID, from first: UInt64) throws {
    guard !values.task.isEmpty else { return }
    try columns.set(Column.source, from: first, [UInt32](repeating: source.rawValue, count: values.task.count))
    try columns.set(Column.task, from: first, values.task)
    try columns.set(Column.promptLength, from: first, values.prompt)
    try columns.set(Column.responseLength, from: first, values.response)
    try columns.set(Column.totalLength, from: first, values.total)
    try columns.extend(Column.tombstone, from: first, to: first + UInt64(values.task.count))
  }

  private func resolveSource(name: String, origin: String) throws -> (SourceID, LogEvent.NewSource?) {
    if let record = try record(SourceRecord.self, named: name) { return (record.id, nil) }
    let record = SourceRecord(id: SourceID(state.counters.nextSource), name: name, origin: origin)
    state.counters.nextSource += 1
    try put(record)
    return (record.id, LogEvent.NewSource(name: name, origin: origin))
  }

  func resolveTasks(_ names: [String]) throws -> (ids: [TaskID], new: [String]) {
    let known = try names.map { try reading.number(.task, named: $0) }
    let missing = zip(names, known).filter { $1 == nil }.map(\.0)
    try confirmAbsence(ofNew: Set(missing), TaskRecord.self)
    var new: [String] = []
    var added: [String: TaskID] = [:]
    let ids = try zip(names, known).map { name, number in
      if let id = number.map({ TaskID($0) }) ?? added[name] { return id }
      let record = TaskRecord(id: TaskID(state.counters.nextTask), name: name)
      state.counters.nextTask += 1
      try put(record)
      new.append(name)
      added[name] = record.id
      return record.id
    }
    return (ids, new)
  }

  private func put(
    _ prepared: PreparedBatch, _ index: Int, id: UInt64, source: SourceID, task: TaskID, _ cursor: UnsafeCursor
  ) throws {
    let entry = prepared.entries[index]
    let row = prepared.batch.rows[index]
    let header = SampleRecord(
      codec: entry.codec, dictionary: entry.dictionary, source: source, task: task, contentSize: row.content.count,
      attributesSize: row.attributes.count, line: row.line)
    try prepared.records.withUnsafeBytes { records in
      try cursor.reserve(id, count: entry.record.count, append: true) { page in
        page.copyMemory(from: UnsafeRawBufferPointer(rebasing: records[entry.record]))
        header.seal(page, id: id)
      }
    }
  }
}
