internal import CohortCore
internal import CohortStore
internal import GRDB

/// Applies one entry of the log to the tables, in the transaction of its slice.
struct Projector {
  let database: Database
  let item: LogSlice.Item

  var sequence: Int64 { Int64(clamping: item.entry.sequence.rawValue) }
  var time: Int64 { item.entry.time }

  /// Applies the entry.
  /// - Returns: the position behind it.
  func apply(store: String) throws -> CatalogPosition {
    let summary = try SummaryValue.json(item.entry.event.summary)
    try run(
      "INSERT INTO log (sequence, time, kind, summary) VALUES (?, ?, ?, ?)",
      [sequence, time, item.entry.event.kind.name, summary])
    switch item.entry.event {
    case let event as LogEvent.StoreCreated: try create(event.id, event.configuration)
    case let event as LogEvent.Ingest: try ingest(event)
    case let event as LogEvent.Embed: try embed(event)
    case let event as LogEvent.GroupingCreated:
      try run(
        "INSERT INTO groupings (id, name, definition, created_sequence, created) VALUES (?, ?, ?, ?, ?)",
        [event.id.rawValue, event.name, try SummaryValue.json(event.definition.summary), sequence, time])
    case let event as LogEvent.GroupingDropped:
      try run("UPDATE groupings SET dropped_sequence = ? WHERE id = ?", [sequence, event.id.rawValue])
    case let event as LogEvent.Round: try round(event)
    case let event as LogEvent.Delete: try delete(event)
    case let event as LogEvent.Relabel: try relabel(event)
    case let event as LogEvent.SnapshotCreated: try createSnapshot(event)
    case let event as LogEvent.SnapshotDropped:
      try run("UPDATE snapshots SET dropped_sequence = ? WHERE id = ?", [sequence, event.id])
    case let event as LogEvent.PlanCreated:
      try run(
        """
        INSERT INTO plans (id, name, snapshot, grouping, selection, hash, report, created_sequence, created)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          event.id, event.name, event.snapshot, event.grouping.rawValue, event.selection, "\(event.hash)", event.report,
          sequence, time,
        ])
    case let event as LogEvent.PlanDropped:
      try run("UPDATE plans SET dropped_sequence = ? WHERE id = ?", [sequence, event.id])
    case let event as LogEvent.SelectionCreated:
      try run(
        """
        INSERT INTO selections (id, name, snapshot, method, samples, digest, created_sequence, created)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          event.id, event.name, event.snapshot, event.method, try cell(event.count), "\(event.digest)", sequence, time,
        ])
    case let event as LogEvent.SelectionDropped:
      try run("UPDATE selections SET dropped_sequence = ? WHERE id = ?", [sequence, event.id])
    case let event as LogEvent.Checkpoint: try checkpoint(event)
    case let event as LogEvent.DictionaryTrained:
      try run(
        "INSERT INTO dictionaries (number, bytes, sequence) VALUES (?, ?, ?)",
        [event.number, try cell(event.bytes), sequence])
    case let event as LogEvent.SpaceCreated:
      try run(
        """
        INSERT INTO spaces (id, name, provider, fingerprint, dimension, element, text, model, sequence)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          event.id.rawValue, event.name, event.provider, event.fingerprint, event.dimension, "\(event.element)",
          event.recipe.text.name, event.recipe["model"], sequence,
        ])
    case let event as LogEvent.MeasureCreated:
      try run(
        "INSERT INTO length_measures (id, name, unit, tokenizer, sequence) VALUES (?, ?, ?, ?, ?)",
        [event.id.rawValue, event.name, event.unit.name, event.tokenizer.map { "\($0)" }, sequence])
    case let event as LogEvent.MeasureDropped:
      try run("UPDATE length_measures SET dropped_sequence = ? WHERE id = ?", [sequence, event.id.rawValue])
    case let event as LogEvent.Measured:
      try run(
        "UPDATE length_measures SET samples = samples + ? WHERE id = ?",
        [try cell(event.ranges.total), event.measure.rawValue])
    case let event as LogEvent.SpaceDropped:
      try run(
        "UPDATE spaces SET dropped_sequence = ?, is_default = 0 WHERE id = ?", [sequence, event.id.rawValue])
      try run("DELETE FROM refusals WHERE space = ?", [event.id.rawValue])
    case let event as LogEvent.SourceDescribed:
      try run(
        "UPDATE sources SET licence = ?, owner = ? WHERE id = ?",
        [event.terms.licence, event.terms.owner, event.source.rawValue])
    case let event as LogEvent.SpaceMadeDefault:
      try run("UPDATE spaces SET is_default = (id = ?)", [event.id.rawValue])
    case let event as LogEvent.RunCreated:
      try run(
        "INSERT INTO runs (created_sequence, created, name, plan, plan_hash) VALUES (?, ?, ?, ?, ?)",
        [sequence, time, event.name, event.plan, "\(event.planHash)"])
    // Others are seen in the log only.
    default: break
    }
    return CatalogPosition(
      store: store, applied: item.entry.sequence, mark: LogMark.of(item.entry, summary: summary))
  }

  func run(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
    let arguments = arguments.map { argument in
      // Bound text would end at a NUL.
      guard let text = argument as? String, text.utf8.contains(0) else { return argument }
      return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{2400}" : $0 }))
    }
    try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
  }

  /// SQLite's integers are signed.
  func cell(_ value: UInt64) throws -> Int64 {
    guard let cell = Int64(exactly: value) else {
      throw CohortError.unreadable(item.entry.sequence, "A number of the entry", cause: "\(value) is too large")
    }
    return cell
  }

  private func create(_ id: Digest128, _ configuration: StoreConfiguration) throws {
    try run(
      "INSERT INTO store (id, created, length_unit, length_field, dedupe) VALUES (?, ?, ?, ?, ?)",
      [
        "\(id)", time, configuration.lengthUnit.name, configuration.lengthField, configuration.dedupe.name,
      ])
    try run("INSERT INTO tasks (id, name, sequence) VALUES (?, NULL, ?)", [TaskID.missing.rawValue, sequence])
  }

  private func embed(_ event: LogEvent.Embed) throws {
    try run(
      "UPDATE spaces SET vectors = vectors + ?, without = without + ? WHERE id = ?",
      [try cell(event.ranges.total), try cell(event.without.total), event.space.rawValue])
    for range in event.ranges + event.without {
      try run(
        "DELETE FROM refusals WHERE space = ? AND sample BETWEEN ? AND ?",
        [
          event.space.rawValue, try cell(range.first.rawValue),
          try cell(range.first.rawValue + max(range.count, 1) - 1),
        ])
    }
    for sample in event.refused {
      try run(
        "INSERT OR REPLACE INTO refusals (space, sample, sequence, reason) VALUES (?, ?, ?, ?)",
        [event.space.rawValue, try cell(sample.id.rawValue), sequence, sample.reason])
    }
  }

  private func createSnapshot(_ event: LogEvent.SnapshotCreated) throws {
    try run(
      """
      INSERT INTO snapshots (id, name, sequence, created_sequence, created, samples, digest) VALUES (?, ?, ?, ?, ?, ?, ?)
      """,
      [
        event.id, event.name, try cell(event.sequence.rawValue), sequence, time, try cell(event.samples),
        "\(event.digest)",
      ])
    for grouping in event.groupings {
      try run(
        "INSERT OR IGNORE INTO snapshot_groupings (snapshot, grouping) VALUES (?, ?)", [event.id, grouping.rawValue])
    }
  }

  private func checkpoint(_ event: LogEvent.Checkpoint) throws {
    try run(
      """
      INSERT INTO checkpoints (sequence, time, run, number, plan, plan_hash, epoch, step, state_bytes)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        sequence, time, event.run, try cell(event.number), event.plan, "\(event.planHash)", try cell(event.epoch),
        try cell(event.step), try cell(event.stateBytes),
      ])
    try run("UPDATE runs SET checkpoints = checkpoints + 1 WHERE name = ?", [event.run])
  }
}

/// Tells one history of a store from another: a digest of an entry as the catalog shows it.
enum LogMark {
  static func of(_ entry: LogEntry, summary: String) -> String {
    var writer = ByteWriter(capacity: summary.utf8.count + 24)
    writer.fixed(entry.sequence.rawValue)
    writer.fixed(entry.time)
    writer.fixed(entry.event.kind.rawValue)
    writer.string(summary)
    return "\(XXH3.hash128(writer.bytes))"
  }

  static func of(_ entry: LogEntry) throws -> String {
    of(entry, summary: try SummaryValue.json(entry.event.summary))
  }
}
