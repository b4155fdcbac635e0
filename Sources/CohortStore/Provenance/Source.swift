public import CohortCore

/// Where samples came from.
public struct SourceRecord: Hashable, Sendable, NamedRecord {
  static let kind = NameKind.source
  /// Given by the store with the source's first samples; never given again.
  public var id: SourceID
  /// Part of a sample's identity: a data set's name, or the last two components of a file's path.
  public var name: String
  /// The path or address that it was first read from.
  public var origin: String
  /// Its licence and owner, as far as they were told. Not part of the record: they have a table of their own.
  public internal(set) var terms = SourceTerms()

  var number: UInt32 { id.rawValue }
}

extension SourceRecord {
  init(from reader: inout ByteReader) throws {
    id = SourceID(try reader.fixed())
    name = try reader.string()
    origin = try reader.string()
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
    writer.string(origin)
  }
}

/// A task label.
public struct TaskRecord: Hashable, Sendable, NamedRecord {
  static let kind = NameKind.task
  /// Given by the store with the label's first sample; never given again.
  public var id: TaskID
  /// The label, spelled as the input spelled it; unique in the store.
  public var name: String

  var number: UInt32 { id.rawValue }
}

extension TaskRecord {
  init(from reader: inout ByteReader) throws {
    id = TaskID(try reader.fixed())
    name = try reader.string()
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
  }
}

extension ReadTransaction {
  /// The source with an id; nil when there is none.
  public func source(_ id: SourceID) throws -> SourceRecord? {
    try record(SourceRecord.self, number: id.rawValue).map { try described($0) }
  }

  /// The source of a name, spelled exactly so; nil when there is none.
  public func source(named name: String) throws -> SourceRecord? {
    try record(SourceRecord.self, named: name).map { try described($0) }
  }

  /// The same for whoever asks for many new names: nil is not checked against all records, as it is where a name is given.
  /// - Complexity: a look-up.
  public func sourceIfKnown(named name: String) throws -> SourceRecord? {
    try number(.source, named: name).flatMap { try source(SourceID($0)) }
  }

  /// All sources in the order of their ids.
  public func sources() throws -> [SourceRecord] {
    let sources = try records(SourceRecord.self)
    return hasSourceTerms ? try sources.map { try described($0) } : sources
  }

  /// The label of a task; nil for `TaskID.missing`.
  public func task(_ id: TaskID) throws -> TaskRecord? {
    id == .missing ? nil : try record(TaskRecord.self, number: id.rawValue)
  }

  /// The task of a label, spelled exactly so; nil when no sample came with it.
  public func task(named name: String) throws -> TaskRecord? { try record(TaskRecord.self, named: name) }

  /// All task labels in the order of their ids, without the missing one.
  public func tasks() throws -> [TaskRecord] { try records(TaskRecord.self) }
}
