public import CohortCore

extension LogEvent {
  /// Samples of one source. Their ids are `first ..< first + inserted`.
  public struct Ingest: LogEventKind {
    public static let kind = LogKind(2, "ingest")
    /// The source that all samples of the entry come from.
    public var source: SourceID
    /// Set in the first entry of a source: its name and the path or address it came from.
    public var newSource: NewSource?
    /// Labels that were new: their numbers are consecutive from `firstNewTask`.
    public var firstNewTask: TaskID
    /// The new labels, in the order of their numbers.
    public var newTasks: [String]
    /// Id of the first new sample: as many samples as the store had been given before.
    public var first: SampleID
    /// How many samples were added.
    public var inserted: UInt64
    /// Records that were not stored again, because the store had their content in the scope asked for.
    public var duplicates: UInt64
    /// Records put into quarantine; their numbers are `firstQuarantined ..< firstQuarantined + quarantined`.
    public var firstQuarantined: UInt64
    /// How many records were added to the quarantine.
    public var quarantined: UInt64
    /// Rejected records that were in quarantine already (the same source, line and bytes).
    public var quarantinedBefore: UInt64

    public var fields: [LogField] {
      var fields: [LogField] = [
        .id("source", source.rawValue), .id("first", first.rawValue), .count("inserted", inserted),
        .count("duplicates", duplicates), .count("quarantined", quarantined),
        .count("new_tasks", newTasks.count, in: newTasks.isEmpty ? .listing : .all),
      ]
      if let newSource { fields.append(.text("new_source", newSource.name, in: .summary)) }
      return fields
    }
  }

  /// A file or stream that samples came from for the first time.
  public struct NewSource: Hashable, Sendable {
    /// Unique among the store's sources: a data set's name, or the last two components of a file's path.
    public var name: String
    /// The path or address that it was first read from, for people.
    public var origin: String
  }
}

extension LogEvent.Ingest {
  init(from reader: inout ByteReader) throws {
    source = SourceID(try reader.fixed())
    newSource = try reader.optionalString().map { LogEvent.NewSource(name: $0, origin: try reader.string()) }
    firstNewTask = TaskID(try reader.fixed())
    newTasks = []
    for _ in 0..<(try reader.count()) { newTasks.append(try reader.string()) }
    let ids = try reader.idRange()
    (first, inserted) = (ids.first, ids.count)
    duplicates = try reader.varint()
    firstQuarantined = try reader.varint()
    quarantined = try reader.varint()
    quarantinedBefore = try reader.varint()
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(source.rawValue)
    writer.optional(newSource?.name)
    if let newSource { writer.string(newSource.origin) }
    writer.fixed(firstNewTask.rawValue)
    writer.varint(newTasks.count)
    for task in newTasks { writer.string(task) }
    for value in [first.rawValue, inserted, duplicates, firstQuarantined, quarantined, quarantinedBefore] {
      writer.varint(value)
    }
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if first.rawValue != history.inserted { problem("its samples begin with \(first), not \(history.inserted)") }
    if firstQuarantined != history.quarantined {
      problem("its quarantined records begin with \(firstQuarantined), not \(history.quarantined)")
    }
    if firstNewTask.rawValue != history.tasks {
      problem("its tasks begin with \(firstNewTask), not \(history.tasks)")
    }
    if let newSource, source.rawValue != history.sources {
      problem("source \"\(newSource.name)\" is \(source), not \(history.sources)")
    }
    history.inserted &+= inserted
    history.quarantined &+= quarantined
    history.tasks &+= UInt32(truncatingIfNeeded: newTasks.count)
    history.sources &+= newSource == nil ? 0 : 1
  }

  func changes(in feed: Feed) -> LogChanges {
    feed == .inserted || feed == .labelled ? .added([IDRange(first: first, count: inserted)]) : .none
  }
}
