public import CohortCore
internal import CohortLMDB

/// A grouping: its definition and how far it has followed the log.
public struct GroupingRecord: Hashable, Sendable, NamedRecord {
  static let kind = NameKind.grouping
  /// Given by the store when the grouping is created; never given again.
  public var id: GroupingID
  /// Given by the user; unique among the store's groupings, and free again once the grouping is dropped.
  public var name: String
  /// What the groups are made by; fixed when the grouping is created.
  public var definition: GroupingDefinition
  /// The log entry that created it.
  public var created: LogSequence
  /// Records of the feed that complete rounds have consumed.
  public var applied: FeedPosition
  /// Records of the feed that are assigned, the provisional tail included.
  public var provisional: FeedPosition
  /// The engine's own state, besides the groups': opaque to the store.
  public var engineState: [UInt8]
  /// Number of the first pair's group column; its distance column is the next one.
  var columnNumber: UInt32
  /// Both columns have a row for each sample before this one.
  public internal(set) var rows: UInt64
  /// How many groups there are, closed ones included.
  var groupCount: UInt64
  /// Bytes of what the grouping was created with besides its definition: anchors.
  var materialBytes: UInt64
  /// Nil until a round changed so much that it was written in slices.
  public internal(set) var generations: Generations?

  var number: UInt32 { id.rawValue }

  /// The group of each sample (`uint32`), `GroupID.unassigned` for those that have none.
  public var groupColumn: Column { .scalar(currentPair, .uint32, fill: 0xff, extent: .rows(rows)) }

  /// The distance of each sample to its group's published centroid, or its nearest anchor (`float32`); negative for
  /// provisional ones; 0 for groupings that look at no vectors.
  public var distanceColumn: Column { .scalar(currentPair + 1, .float32, extent: .rows(rows)) }

  private var currentPair: UInt32 {
    guard let generations, generations.isSecondCurrent else { return columnNumber }
    return generations.secondColumn
  }

  /// The columns of the next generation. Only those that have generations have them.
  var nextGroupColumn: Column { .scalar(nextPair, .uint32, fill: 0xff, extent: .rows(nextRows)) }
  var nextDistanceColumn: Column { .scalar(nextPair + 1, .float32, extent: .rows(nextRows)) }

  private var nextRows: UInt64 { generations?.pending?.cursor ?? 0 }

  private var nextPair: UInt32 {
    guard let generations, !generations.isSecondCurrent else { return columnNumber }
    return generations.secondColumn
  }

  init(
    id: GroupingID, name: String, definition: GroupingDefinition, created: LogSequence, columnNumber: UInt32
  ) {
    self.id = id
    self.name = name
    self.definition = definition
    self.created = created
    applied = .start
    provisional = .start
    engineState = []
    self.columnNumber = columnNumber
    rows = 0
    groupCount = 0
    materialBytes = 0
  }

  init(from reader: inout ByteReader) throws {
    id = GroupingID(try reader.fixed())
    name = try reader.string()
    definition = try GroupingDefinition(from: &reader)
    created = LogSequence(try reader.varint())
    applied = FeedPosition(sequence: LogSequence(try reader.varint()), offset: try reader.varint())
    provisional = FeedPosition(sequence: LogSequence(try reader.varint()), offset: try reader.varint())
    columnNumber = try reader.fixed()
    rows = try reader.varint()
    groupCount = try reader.varint()
    engineState = [UInt8](try reader.blob())
    materialBytes = definition.criterion.hasMaterial ? try reader.varint() : 0
    guard materialBytes <= Self.materialLimit else { throw CohortError.invalid("the size of the anchors") }
    generations = reader.remaining > 0 ? try Generations(from: &reader) : nil
  }

  static let materialLimit: UInt64 = 1 << 36

  /// Whether two records of a grouping are of the same state of its groups and assignments: no round lies between them.
  /// Each round moves one of the positions, or what the engine (or the product) keeps of itself.
  public func isAsFar(as other: GroupingRecord) -> Bool {
    id == other.id && applied == other.applied && provisional == other.provisional && engineState == other.engineState
  }

  /// What the grouping was created with, four bytes a row; the last ones may be padding.
  var materialColumn: Column { .scalar(columnNumber + 2, .uint32, extent: .rows((materialBytes + 3) / 4)) }

  /// All columns of the grouping.
  var columns: [Column] {
    [groupColumn, distanceColumn] + (definition.criterion.hasMaterial ? [materialColumn] : [])
      + (generations == nil ? [] : [nextGroupColumn, nextDistanceColumn])
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
    definition.encode(into: &writer)
    writer.varint(created.rawValue)
    for position in [applied, provisional] {
      writer.varint(position.sequence.rawValue)
      writer.varint(position.offset)
    }
    writer.fixed(columnNumber)
    writer.varint(rows)
    writer.varint(groupCount)
    writer.blob(engineState)
    if definition.criterion.hasMaterial { writer.varint(materialBytes) }
    generations?.encode(into: &writer)
  }
}

/// One group of a grouping.
public struct GroupRecord: Hashable, Sendable {
  /// Given by the engine; unique in its grouping.
  public var id: GroupID
  /// Members that are not deleted, the provisionally assigned ones included. Kept by the store.
  public internal(set) var size: UInt64
  /// What sets the group apart: its label, its interval of lengths, or its published centroid.
  public var geometry: GroupGeometry
  /// A closed group was merged away or ran empty; its id is never used again.
  public var isOpen: Bool
  /// The group that it was split from.
  public var parent: GroupID?
  /// The group that took its members when it was closed.
  public var heir: GroupID?
  /// Records of the grouping's feed that had been applied when it was born.
  public var born: UInt64
  /// The engine's own state of this group: opaque to the store.
  public var engineState: [UInt8]

  /// A group as the engine hands it over. `size` is 0 until the store counts the members.
  public init(
    id: GroupID, geometry: GroupGeometry, isOpen: Bool = true, parent: GroupID? = nil, heir: GroupID? = nil,
    born: UInt64, engineState: [UInt8] = []
  ) {
    self.id = id
    size = 0
    self.geometry = geometry
    self.isOpen = isOpen
    self.parent = parent
    self.heir = heir
    self.born = born
    self.engineState = engineState
  }

  static func key(_ grouping: GroupingID, _ group: GroupID) -> UInt64 {
    UInt64(grouping.rawValue) << 32 | UInt64(group.rawValue)
  }

  func encode(in grouping: GroupingID) -> [UInt8] {
    var writer = ByteWriter()
    writer.varint(size)
    writer.fixed(UInt8(isOpen ? 1 : 0))
    writer.fixed((parent ?? .unassigned).rawValue)
    writer.fixed((heir ?? .unassigned).rawValue)
    writer.varint(born)
    geometry.encode(into: &writer)
    writer.blob(engineState)
    return Sealed.seal(writer.bytes, SealPlace(.groups, Self.key(grouping, id)))
  }

  init(id: GroupID, in grouping: GroupingID, _ bytes: UnsafeRawBufferPointer) throws {
    let place = SealPlace(.groups, Self.key(grouping, id))
    self = try Sealed.decode(bytes, place, "Group \(id) of grouping \(grouping)") { reader in
      let size = try reader.varint()
      let isOpen = try reader.fixed(UInt8.self) != 0
      let (parent, heir) = (GroupID(try reader.fixed()), GroupID(try reader.fixed()))
      let born = try reader.varint()
      var record = GroupRecord(
        id: id, geometry: try GroupGeometry(from: &reader), isOpen: isOpen,
        parent: parent == .unassigned ? nil : parent, heir: heir == .unassigned ? nil : heir, born: born,
        engineState: [UInt8](try reader.blob()))
      record.size = size
      return record
    }
  }
}

extension ReadTransaction {
  /// The grouping of a name; nil when there is none.
  public func grouping(named name: String) throws -> GroupingRecord? { try record(GroupingRecord.self, named: name) }

  /// All groupings in the order of their ids.
  public func groupings() throws -> [GroupingRecord] { try records(GroupingRecord.self) }

  /// The grouping with an id; nil when there is none or it was dropped.
  public func grouping(_ id: GroupingID) throws -> GroupingRecord? {
    try record(GroupingRecord.self, number: id.rawValue)
  }

  /// The bytes that a grouping was created with: the anchors of one by anchors; else none.
  /// - Throws: `store.corrupted` when a chunk of them is missing or damaged.
  public func material(of grouping: GroupingRecord) throws -> [UInt8] {
    guard grouping.materialBytes > 0 else { return [] }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(clamping: grouping.materialBytes))
    try forEachChunk(grouping.materialColumn) { chunk in
      bytes.append(contentsOf: chunk.data)
      return true
    }
    guard UInt64(bytes.count) >= grouping.materialBytes else {
      throw CohortError.corrupted("The anchors of grouping \"\(grouping.name)\"", cause: "they are not all there")
    }
    return Array(bytes.prefix(Int(clamping: grouping.materialBytes)))
  }

  /// One group, open or closed; nil when the grouping never had it.
  /// - Throws: `store.corrupted` when the stored bytes fail their checksum.
  public func group(_ id: GroupID, in grouping: GroupingID) throws -> GroupRecord? {
    guard let stored = try unsafe.get(tables.groups, GroupRecord.key(grouping, id)) else { return nil }
    return try GroupRecord(id: id, in: grouping, stored)
  }

  /// All groups of a grouping in the order of their ids, closed ones included.
  public func groups(of grouping: GroupingID) throws -> [GroupRecord] {
    var groups: [GroupRecord] = []
    try unsafe.walk(tables.groups, from: GroupRecord.key(grouping, GroupID(0))) { key, value in
      guard key >> 32 == UInt64(grouping.rawValue) else { return false }
      groups.append(try GroupRecord(id: GroupID(UInt32(truncatingIfNeeded: key)), in: grouping, value))
      return true
    }
    let expected = try self.grouping(grouping)?.groupCount ?? 0
    guard UInt64(groups.count) == expected else {
      throw CohortError.corrupted("Grouping \(grouping)", cause: "it has \(groups.count) groups, not \(expected)")
    }
    return groups
  }

  /// Calls `body` with the ids of a group's members, ascending, in blocks, until it returns false. Deleted samples are
  /// left out.
  /// - Complexity: a scan of the group column: 4 bytes a sample of the store.
  public func forEachMember(
    of group: GroupID, in grouping: GroupingRecord, _ body: ([SampleID]) throws -> Bool
  ) throws {
    try forEachBlock(of: [grouping.groupColumn]) { block in
      var ids: [SampleID] = []
      for row in 0..<block.count where block.uint32(0, row) == group.rawValue && !block.isDeleted(row) {
        ids.append(block.id(row))
      }
      return try ids.isEmpty || body(ids)
    }
  }
}
