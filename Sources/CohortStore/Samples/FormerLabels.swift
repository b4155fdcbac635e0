public import CohortCore
internal import CohortLMDB

/// What the labels of a sample were before a log entry changed them (`relabels[id | sequence]`).
///
/// ```
/// u8 layout version (1) | u32 task | u8 attributes | blob (for 1) | varint n, n × (u32 grouping, u32 group)
/// ```
public struct FormerLabels: Hashable, Sendable {
  /// The task that the sample had.
  public var task: TaskID
  /// The attributes that it had; nil where the entry did not change them, and once the sample is deleted.
  public var attributes: [UInt8]?
  /// The groups that it was in, in groupings by an attribute that have followed the entry. Attributes are gone with the
  /// sample; the group says what they made of it.
  public internal(set) var groups: [GroupingID: GroupID] = [:]

  init(task: TaskID, attributes: [UInt8]?) {
    self.task = task
    self.attributes = attributes
  }

  static let layoutVersion: UInt8 = 1
  package static let table = OptionalTable(
    "relabels", key: .bytes, number: 12, feature: StoreFeature(bit: 10, "relabels"))

  static func key(_ id: SampleID, _ sequence: LogSequence) -> [UInt8] {
    withUnsafeBytes(of: (id.rawValue.bigEndian, sequence.rawValue.bigEndian)) { [UInt8]($0) }
  }

  /// The sample and the sequence of a key; nil for a key of another length.
  static func place(_ key: UnsafeRawBufferPointer) -> (id: SampleID, sequence: LogSequence)? {
    guard key.count == 16 else { return nil }
    return (
      SampleID(UInt64(bigEndian: key.loadUnaligned(as: UInt64.self))),
      LogSequence(UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    )
  }

  var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 16 + (attributes?.count ?? 0))
    writer.fixed(Self.layoutVersion)
    writer.fixed(task.rawValue)
    writer.fixed(UInt8(attributes == nil ? 0 : 1))
    if let attributes { writer.blob(attributes) }
    writer.varint(groups.count)
    for (grouping, group) in groups.sorted(by: { $0.key < $1.key }) {
      writer.fixed(grouping.rawValue)
      writer.fixed(group.rawValue)
    }
    return writer.bytes
  }

  /// - Parameter bytes: with their checksum.
  init(_ bytes: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) throws {
    let place = SealPlace(number: Self.table.number, XXH3.hash64(key))
    self = try Sealed.decode(bytes, place, "A former label") { reader in
      let version = try reader.fixed(UInt8.self)
      guard version == Self.layoutVersion else { throw CohortError.invalid("its layout version", cause: "\(version)") }
      var labels = FormerLabels(task: TaskID(try reader.fixed()), attributes: nil)
      switch try reader.fixed(UInt8.self) {
      case 0: break
      case 1: labels.attributes = [UInt8](try reader.blob())
      case let other: throw CohortError.invalid("whether it has attributes", cause: "\(other)")
      }
      for _ in 0..<(try reader.count(unit: 8)) {
        labels.groups[GroupingID(try reader.fixed())] = GroupID(try reader.fixed())
      }
      return labels
    }
  }
}

/// A sample that a grouping by label moved because its labels changed.
public struct LabelDeparture: Hashable, Sendable {
  /// The sample that moved, or was confirmed where it is.
  public var id: SampleID
  /// The entry that changed its labels.
  public var sequence: LogSequence
  /// The group that it was in before.
  public var group: GroupID

  public init(id: SampleID, sequence: LogSequence, group: GroupID) {
    self.id = id
    self.sequence = sequence
    self.group = group
  }
}

extension ReadTransaction {
  /// What the labels of a sample were before each entry behind `sequence` that changed them, in order, until `body` returns
  /// false. What the first one has is what the sample had after `sequence`.
  /// - Throws: `store.corrupted`.
  /// - Complexity: one look-up; nothing in a store without changed labels.
  public func forEachFormerLabels(
    of id: SampleID, after sequence: LogSequence = .none, _ body: (FormerLabels) throws -> Bool
  ) throws {
    guard let table = unsafe.table(FormerLabels.table.definition) else { return }
    try unsafe.walk(table, from: FormerLabels.key(id, sequence.next)) { (key: UnsafeRawBufferPointer, value) in
      guard FormerLabels.place(key)?.id == id else { return false }
      return try body(FormerLabels(value, key: key))
    }
  }

  /// Calls `body` with each sample of a range whose labels were ever changed, and what they were at first.
  /// - Complexity: O(changes of the range).
  public func forEachFirstLabels(of range: IDRange, _ body: (SampleID, FormerLabels) throws -> Void) throws {
    guard let table = unsafe.table(FormerLabels.table.definition) else { return }
    var last: SampleID?
    try unsafe.walk(table, from: FormerLabels.key(range.first, .none)) { (key: UnsafeRawBufferPointer, value) in
      guard let id = FormerLabels.place(key)?.id, id.rawValue - range.first.rawValue < range.count else { return false }
      if id != last { try body(id, FormerLabels(value, key: key)) }
      last = id
      return true
    }
  }

  /// The task that a sample had after an entry; nil for the one that it came with.
  public func task(of id: SampleID, after sequence: LogSequence?) throws -> TaskID {
    var former: TaskID?
    try forEachFormerLabels(of: id, after: sequence ?? .none) {
      former = $0.task
      return false
    }
    return try former ?? TaskID(uint32(Column.task, id))
  }
}

extension WriteTransaction {
  func put(_ labels: FormerLabels, _ id: SampleID, _ sequence: LogSequence) throws {
    try put(labels.encoded, FormerLabels.key(id, sequence), in: FormerLabels.table)
  }

  /// Erases the attributes that a sample ever had; the groups that they made stay.
  func eraseFormerLabels(of id: SampleID) throws {
    guard let table = unsafe.table(FormerLabels.table.definition) else { return }
    var kept: [(key: [UInt8], size: Int, labels: FormerLabels)] = []
    try unsafe.walk(table, from: FormerLabels.key(id, .none)) { (key: UnsafeRawBufferPointer, value) in
      guard FormerLabels.place(key)?.id == id else { return false }
      var labels = try FormerLabels(value, key: key)
      labels.attributes = nil
      kept.append(([UInt8](key), value.count, labels))
      return true
    }
    for (key, size, labels) in kept {
      // As for the sample itself: zeros over what is there first.
      try [UInt8](repeating: 0, count: size).withUnsafeBytes { try unsafe.put(table, key, $0) }
      try put(labels.encoded, key, in: FormerLabels.table)
    }
  }

  /// Notes which groups samples were in before a grouping followed a change of their labels.
  func note(_ departures: [LabelDeparture], from grouping: GroupingID) throws {
    guard !departures.isEmpty, let table = unsafe.table(FormerLabels.table.definition) else { return }
    for departure in departures where departure.group != .unassigned {
      let key = FormerLabels.key(departure.id, departure.sequence)
      guard let stored = try unsafe.get(table, key) else {
        throw CohortError.missing("What the labels of sample \(departure.id) were before entry \(departure.sequence)")
      }
      var labels = try key.withUnsafeBytes { try FormerLabels(stored, key: $0) }
      labels.groups[grouping] = departure.group
      try put(labels, departure.id, departure.sequence)
    }
  }
}
