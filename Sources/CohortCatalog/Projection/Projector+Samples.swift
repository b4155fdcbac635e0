internal import CohortCore
internal import CohortStore
internal import GRDB

/// Samples that come and go.
extension Projector {
  func ingest(_ event: LogEvent.Ingest) throws {
    let inserted = try cell(event.inserted)
    let duplicates = try cell(event.duplicates)
    let quarantined = try cell(event.quarantined)
    if let source = event.newSource {
      try run(
        "INSERT INTO sources (id, name, origin, first_sequence, last_sequence) VALUES (?, ?, ?, ?, ?)",
        [event.source.rawValue, source.name, source.origin, sequence, sequence])
    }
    try insertTasks(event.newTasks, from: event.firstNewTask)
    try run(
      """
      INSERT INTO ingests (sequence, source, first_sample, inserted, duplicates, quarantined, quarantined_before)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """,
      [
        sequence, event.source.rawValue, try cell(event.first.rawValue), inserted, duplicates, quarantined,
        try cell(event.quarantinedBefore),
      ])
    try run(
      """
      UPDATE sources SET last_sequence = ?, inserted = inserted + ?, duplicates = duplicates + ?,
        quarantined = quarantined + ? WHERE id = ?
      """, [sequence, inserted, duplicates, quarantined, event.source.rawValue])
    try run(
      "UPDATE store SET samples = samples + ?, duplicates = duplicates + ?, quarantined = quarantined + ?",
      [inserted, duplicates, quarantined])
    for (task, count) in item.tasks {
      try run("UPDATE tasks SET inserted = inserted + ? WHERE id = ?", [try cell(count), task])
    }
    for (offset, refusal) in item.quarantined.enumerated() {
      try run(
        """
        INSERT INTO quarantine (number, sequence, source, line, reason, detail, raw_size, excerpt)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          try cell(event.firstQuarantined + UInt64(offset)), sequence, event.source.rawValue, try cell(refusal.line),
          refusal.reason, refusal.detail, try cell(refusal.rawSize), Self.text(of: refusal.excerpt),
        ])
    }
  }

  /// The beginning of a record as people read it. A character that the end cuts is left out; NUL, at which SQLite would end the
  /// text, becomes U+FFFD as what is no text does.
  private static func text(of excerpt: [UInt8]) -> String {
    let start = excerpt.lastIndex { $0 & 0xc0 != 0x80 } ?? 0
    let width =
      switch excerpt.isEmpty ? 0 : excerpt[start] {
      case 0xc2..<0xe0: 2
      case 0xe0..<0xf0: 3
      case 0xf0..<0xf5: 4
      default: 1
      }
    let isCut = width > 1 && start + width > excerpt.count
    let bytes = isCut ? excerpt[..<start] : excerpt[...]
    return String(decoding: bytes, as: UTF8.self).replacing("\0", with: "\u{fffd}")
  }

  func delete(_ event: LogEvent.Delete) throws {
    try run(
      "INSERT INTO deletions (sequence, time, reason, samples) VALUES (?, ?, ?, ?)",
      [sequence, time, event.reason, event.ids.count])
    for range in IDRange.runs(event.ids) {
      try run(
        "INSERT INTO deleted_samples (first_sample, samples, sequence) VALUES (?, ?, ?)",
        [try cell(range.first.rawValue), try cell(range.count), sequence])
    }
    for (source, count) in try sources(of: event.ids) {
      try run("UPDATE sources SET deleted = deleted + ? WHERE id = ?", [count, source])
    }
    for (task, count) in item.tasks {
      try run("UPDATE tasks SET deleted = deleted + ? WHERE id = ?", [try cell(count), task])
    }
    try run("UPDATE store SET deleted = deleted + ?", [event.ids.count])
  }

  /// A sample counts for the task that it has now, as if it had come with it.
  func relabel(_ event: LogEvent.Relabel) throws {
    try insertTasks(event.newTasks, from: event.firstNewTask)
    for part in event.parts where part.oldTask != part.newTask {
      let count = try cell(part.ranges.total)
      for (task, change) in [(part.oldTask, -count), (part.newTask, count)] {
        try run("UPDATE tasks SET inserted = inserted + ? WHERE id = ?", [change, task.rawValue])
      }
    }
  }

  private func insertTasks(_ names: [String], from first: TaskID) throws {
    for (index, name) in names.enumerated() {
      let id = Int64(first.rawValue) + Int64(index)
      try run("INSERT INTO tasks (id, name, sequence) VALUES (?, ?, ?)", [id, name, sequence])
    }
  }

  /// How many of the samples came from which source, by the batches they came in.
  private func sources(of ids: [SampleID]) throws -> [Int64: Int64] {
    let statement = try database.cachedStatement(
      sql: """
        SELECT source, first_sample, inserted FROM ingests WHERE inserted > 0 AND first_sample <= ?
        ORDER BY first_sample DESC LIMIT 1
        """)
    var counts: [Int64: Int64] = [:]
    var source: Int64 = 0
    var batch: Range<Int64> = 0..<0
    for id in ids {
      let sample = try cell(id.rawValue)
      if !batch.contains(sample) {
        guard let row = try Row.fetchOne(statement, arguments: [sample]) else {
          throw CohortError.unreadable(item.entry.sequence, "The deletion", cause: "sample \(id) was never ingested")
        }
        source = row[0]
        let first: Int64 = row[1]
        let count: Int64 = row[2]
        batch = first..<(first + count)
        guard batch.contains(sample) else {
          throw CohortError.unreadable(item.entry.sequence, "The deletion", cause: "sample \(id) was never ingested")
        }
      }
      counts[source, default: 0] += 1
    }
    return counts
  }
}
