internal import CohortCore

/// The payload bytes of each kind of entry; `Schemas/store.md` has them as tables.
extension LogEvent {
  func encode(into writer: inout ByteWriter) {
    switch self {
    case .storeCreated(let id, let configuration):
      writer.digest(id)
      configuration.encode(into: &writer)
    case .ingest(let event):
      writer.fixed(event.source.rawValue)
      writer.optional(event.newSource?.name)
      if let source = event.newSource { writer.string(source.origin) }
      writer.fixed(event.firstNewTask.rawValue)
      writer.varint(event.newTasks.count)
      for task in event.newTasks { writer.string(task) }
      for value in [
        event.first.rawValue, event.inserted, event.duplicates, event.firstQuarantined, event.quarantined,
        event.quarantinedBefore,
      ] {
        writer.varint(value)
      }
    case .embed(let event):
      writer.fixed(event.space.rawValue)
      writer.ranges(event.ranges)
      writer.ranges(event.without)
      guard !event.refused.isEmpty else { return }
      writer.varint(event.refused.count)
      for sample in event.refused {
        writer.varint(sample.id.rawValue)
        writer.string(sample.reason)
      }
    case .groupingCreated(let event):
      writer.fixed(event.id.rawValue)
      writer.string(event.name)
      event.definition.encode(into: &writer)
    case .groupingDropped(let id): writer.fixed(id.rawValue)
    case .round(let event):
      writer.fixed(event.grouping.rawValue)
      writer.varint(event.applied.sequence.rawValue)
      writer.varint(event.applied.offset)
      writer.fixed(UInt8(event.provisional ? 1 : 0))
      writer.varint(event.assigned)
      writer.varint(event.events.count)
      for bytes in event.events { writer.blob(bytes) }
      writer.fixed(event.state)
    case .delete(let event):
      writer.ranges(IDRange.runs(event.ids))
      writer.string(event.reason)
    case .snapshotCreated(let event):
      writer.fixed(event.id)
      writer.string(event.name)
      writer.varint(event.sequence.rawValue)
      writer.varint(event.samples)
      writer.digest(event.digest)
      writer.varint(event.groupings.count)
      for grouping in event.groupings { writer.fixed(grouping.rawValue) }
    case .planCreated(let event):
      writer.fixed(event.id)
      writer.string(event.name)
      writer.fixed(event.snapshot)
      writer.fixed(event.grouping.rawValue)
      writer.digest(event.hash)
      writer.string(event.report)
    case .snapshotDropped(let id, let name), .planDropped(let id, let name):
      writer.fixed(id)
      writer.string(name)
    case .checkpoint(let event):
      writer.string(event.run)
      writer.varint(event.number)
      writer.string(event.plan)
      writer.digest(event.planHash)
      writer.varint(event.epoch)
      writer.varint(event.step)
      writer.varint(event.stateBytes)
    case .dictionaryTrained(let number, let bytes):
      writer.fixed(number)
      writer.varint(bytes)
    case .spaceCreated(let event):
      writer.fixed(event.id.rawValue)
      writer.string(event.name)
      writer.string(event.provider)
      writer.string(event.fingerprint)
      writer.fixed(event.dimension)
      writer.fixed(event.element.rawValue)
      event.recipe.encode(into: &writer)
    case .runCreated(let name, let plan, let planHash):
      writer.string(name)
      writer.string(plan)
      writer.digest(planHash)
    case .measureCreated(let event):
      writer.fixed(event.id.rawValue)
      writer.string(event.name)
      writer.lengthUnit(event.unit, tokenizer: event.tokenizer)
    case .measureDropped(let id, let name):
      writer.fixed(id.rawValue)
      writer.string(name)
    case .measured(let event):
      writer.fixed(event.measure.rawValue)
      writer.ranges(event.ranges)
      writer.varint(event.end)
    case .spaceDropped(let id, let name), .spaceMadeDefault(let id, let name):
      writer.fixed(id.rawValue)
      writer.string(name)
    }
  }

  init(_ kind: LogKind, from reader: inout ByteReader) throws {
    switch kind {
    case .storeCreated:
      self = .storeCreated(id: try reader.digest(), configuration: try StoreConfiguration(from: &reader))
    case .ingest: self = .ingest(try Ingest(from: &reader))
    case .embed: self = .embed(try Embed(from: &reader))
    case .groupingCreated:
      self = .groupingCreated(
        GroupingCreated(
          id: GroupingID(try reader.fixed()), name: try reader.string(),
          definition: try GroupingDefinition(from: &reader)))
    case .groupingDropped: self = .groupingDropped(GroupingID(try reader.fixed()))
    case .round: self = .round(try Round(from: &reader))
    case .delete:
      let ranges = try reader.ranges()
      // An entry lists the ids of one transaction; a damaged count must not allocate without bound.
      guard ranges.reduce(0, { $0 &+ min($1.count, 1 << 32) }) <= 1 << 28 else {
        throw CohortError.invalid("the deleted ids")
      }
      let ids = ranges.flatMap { range in (0..<range.count).map { SampleID(range.first.rawValue &+ $0) } }
      self = .delete(Delete(ids: ids, reason: try reader.string()))
    case .snapshotCreated: self = .snapshotCreated(try SnapshotCreated(from: &reader))
    case .planCreated:
      self = .planCreated(
        PlanCreated(
          id: try reader.fixed(), name: try reader.string(), snapshot: try reader.fixed(),
          grouping: GroupingID(try reader.fixed()), hash: try reader.digest(), report: try reader.string()))
    case .snapshotDropped: self = .snapshotDropped(id: try reader.fixed(), name: try reader.string())
    case .planDropped: self = .planDropped(id: try reader.fixed(), name: try reader.string())
    case .checkpoint:
      self = .checkpoint(
        Checkpoint(
          run: try reader.string(), number: try reader.varint(), plan: try reader.string(),
          planHash: try reader.digest(), epoch: try reader.varint(), step: try reader.varint(),
          stateBytes: try reader.varint()))
    case .dictionaryTrained: self = .dictionaryTrained(number: try reader.fixed(), bytes: try reader.varint())
    case .runCreated:
      self = .runCreated(name: try reader.string(), plan: try reader.string(), planHash: try reader.digest())
    case .measureCreated:
      let (id, name) = (MeasureID(try reader.fixed()), try reader.string())
      let (unit, tokenizer) = try reader.lengthUnit()
      self = .measureCreated(MeasureCreated(id: id, name: name, unit: unit, tokenizer: tokenizer))
    case .measureDropped: self = .measureDropped(MeasureID(try reader.fixed()), name: try reader.string())
    case .measured:
      self = .measured(
        Measured(measure: MeasureID(try reader.fixed()), ranges: try reader.ranges(), end: try reader.varint()))
    case .spaceDropped: self = .spaceDropped(id: SpaceID(try reader.fixed()), name: try reader.string())
    case .spaceMadeDefault: self = .spaceMadeDefault(id: SpaceID(try reader.fixed()), name: try reader.string())
    case .spaceCreated:
      let id = SpaceID(try reader.fixed())
      let (name, provider, fingerprint) = (try reader.string(), try reader.string(), try reader.string())
      let dimension: UInt32 = try reader.fixed()
      guard let element = ElementType(rawValue: try reader.fixed()) else {
        throw CohortError.invalid("the element type", at: reader.offset - 1)
      }
      self = .spaceCreated(
        SpaceCreated(
          id: id, name: name, provider: provider, fingerprint: fingerprint, dimension: dimension, element: element,
          recipe: try EmbeddingRecipe(from: &reader)))
    }
  }
}

extension LogEvent.Ingest {
  fileprivate init(from reader: inout ByteReader) throws {
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
}

extension LogEvent.Embed {
  fileprivate init(from reader: inout ByteReader) throws {
    space = SpaceID(try reader.fixed())
    ranges = try reader.ranges()
    without = try reader.ranges()
    guard reader.remaining > 0 else { return }
    for _ in 0..<(try reader.count(unit: 2)) {
      refused.append(RefusedSample(id: SampleID(try reader.varint()), reason: try reader.string()))
    }
  }
}

extension LogEvent.Round {
  fileprivate init(from reader: inout ByteReader) throws {
    grouping = GroupingID(try reader.fixed())
    applied = FeedPosition(sequence: LogSequence(try reader.varint()), offset: try reader.varint())
    provisional = try reader.fixed(UInt8.self) != 0
    assigned = try reader.varint()
    events = []
    for _ in 0..<(try reader.count()) { events.append([UInt8](try reader.blob())) }
    state = try reader.fixed()
  }
}

extension LogEvent.SnapshotCreated {
  fileprivate init(from reader: inout ByteReader) throws {
    id = try reader.fixed()
    name = try reader.string()
    sequence = LogSequence(try reader.varint())
    samples = try reader.varint()
    digest = try reader.digest()
    groupings = []
    for _ in 0..<(try reader.count(unit: 4)) { groupings.append(GroupingID(try reader.fixed())) }
  }
}

extension ByteWriter {
  mutating func digest(_ value: Digest128) {
    fixed(value.high)
    fixed(value.low)
  }

  mutating func ranges(_ values: [IDRange]) {
    varint(values.count)
    for range in values {
      varint(range.first.rawValue)
      varint(range.count)
    }
  }
}

extension ByteReader {
  mutating func digest() throws -> Digest128 { Digest128(high: try fixed(), low: try fixed()) }

  /// First id and count, whose sum is an id as well.
  mutating func idRange() throws -> IDRange {
    let at = offset
    let (first, count) = (try varint(), try varint())
    guard !first.addingReportingOverflow(count).overflow else { throw CohortError.invalid("a range of ids", at: at) }
    return IDRange(first: SampleID(first), count: count)
  }

  mutating func ranges() throws -> [IDRange] {
    var values: [IDRange] = []
    for _ in 0..<(try count(unit: 2)) { values.append(try idRange()) }
    return values
  }
}
