public import CohortCore
internal import CohortLMDB

/// A core set: some samples of a snapshot in an order, so that every beginning of it is a smaller one. Immutable.
///
/// ```
/// selections["n" | name]         u32 number
/// selections["r" | u32 BE]       u8 layout version (1) | the record's fields in their order, as `encode` has them
/// selections["c"]                u32 the next number
/// selected["s" | u32 BE | u32 BE piece]   ids of the selection in its order (`SelectedPiece`)
/// ```
public struct SelectionRecord: Hashable, Sendable {
  /// Given by the store when the selection is created; never given again.
  public var id: UInt32
  /// Given by the user; unique among the store's selections, and free again once the selection is dropped.
  public var name: String
  /// Number of the snapshot that it was chosen from.
  public var snapshot: UInt32
  /// Milliseconds since 1970, UTC.
  public var created: Int64
  /// How it was chosen, in a word.
  public var method: String
  /// How many samples it has.
  public var count: UInt64
  /// XXH3-128 over the ids (u64) in their order.
  public var digest: Digest128
  /// All that decided what was chosen: opaque to the store.
  public var recipe: [UInt8]
  /// The report that was printed when it was made, as JSON.
  public var report: String

  static let layoutVersion: UInt8 = 1
  static let feature = StoreFeature(bit: 11, "selections")
  package static let table = OptionalTable("selections", key: .bytes, number: 15, feature: feature)

  static func key(ofName name: String) -> [UInt8] { [UInt8(ascii: "n")] + Array(name.utf8) }

  static func key(_ id: UInt32) -> [UInt8] {
    [UInt8(ascii: "r")] + withUnsafeBytes(of: id.bigEndian) { [UInt8]($0) }
  }

  static let counterKey = [UInt8(ascii: "c")]

  var encoded: [UInt8] {
    var writer = ByteWriter(capacity: recipe.count + report.utf8.count + 96)
    writer.fixed(Self.layoutVersion)
    writer.fixed(id)
    writer.string(name)
    writer.fixed(snapshot)
    writer.fixed(created)
    writer.string(method)
    writer.varint(count)
    writer.digest(digest)
    writer.blob(recipe)
    writer.string(report)
    return writer.bytes
  }

  fileprivate init(_ bytes: UnsafeRawBufferPointer, key: [UInt8]) throws {
    let place = SealPlace(number: Self.table.number, XXH3.hash64(key))
    self = try Sealed.decode(bytes, place, "The record of a selection") { reader in
      let version = try reader.fixed(UInt8.self)
      guard version == Self.layoutVersion else { throw CohortError.invalid("its layout version", cause: "\(version)") }
      return SelectionRecord(
        id: try reader.fixed(), name: try reader.string(), snapshot: try reader.fixed(), created: try reader.fixed(),
        method: try reader.string(), count: try reader.varint(), digest: try reader.digest(),
        recipe: [UInt8](try reader.blob()), report: try reader.string())
    }
  }

  private init(
    id: UInt32, name: String, snapshot: UInt32, created: Int64, method: String, count: UInt64, digest: Digest128,
    recipe: [UInt8], report: String
  ) {
    (self.id, self.name, self.snapshot, self.created, self.method) = (id, name, snapshot, created, method)
    (self.count, self.digest, self.recipe, self.report) = (count, digest, recipe, report)
  }

  init(_ new: NewSelection, id: UInt32, snapshot: UInt32, created: Int64, digest: Digest128) {
    self.init(
      id: id, name: new.name, snapshot: snapshot, created: created, method: new.method, count: UInt64(new.ids.count),
      digest: digest, recipe: new.recipe, report: new.report)
  }
}

/// What a selection is made of.
public struct NewSelection: Sendable {
  public var name: String
  public var method: String
  /// In the order of the selection; no id twice.
  public var ids: [UInt64]
  public var recipe: [UInt8]
  public var report: String

  public init(name: String, method: String, ids: [UInt64], recipe: [UInt8], report: String) {
    (self.name, self.method, self.ids, self.recipe, self.report) = (name, method, ids, recipe, report)
  }
}

extension ReadTransaction {
  /// The selection of a name; nil when there is none.
  public func selection(named name: String) throws -> SelectionRecord? {
    let key = SelectionRecord.key(ofName: name)
    guard name.utf8.count <= NameRule.longest, let number = try value(key, of: SelectionRecord.table) else {
      return nil
    }
    let id = try ByteReader.decode(number) { try $0.fixed(UInt32.self) }
    guard let record = try selection(id), record.name == name else {
      throw CohortError.missing("The record of selection \(name)")
    }
    return record
  }

  /// The selection with an id; nil when there is none or it was dropped.
  public func selection(_ id: UInt32) throws -> SelectionRecord? {
    let key = SelectionRecord.key(id)
    guard let table = unsafe.table(SelectionRecord.table.definition), let stored = try unsafe.get(table, key) else {
      return nil
    }
    return try SelectionRecord(stored, key: key)
  }

  /// All selections in the order of their ids.
  public func selections() throws -> [SelectionRecord] {
    guard let table = unsafe.table(SelectionRecord.table.definition) else { return [] }
    var all: [SelectionRecord] = []
    try unsafe.walk(table, from: SelectionRecord.key(0)) { key, value in
      guard key.first == UInt8(ascii: "r") else { return false }
      all.append(try SelectionRecord(value, key: [UInt8](key)))
      return true
    }
    return all
  }

  /// The selection of a name that must be there.
  /// - Throws: `store.unknown-selection`, with the closest name.
  public func existingSelection(_ name: String) throws -> SelectionRecord {
    guard let record = try selection(named: name) else {
      throw CohortError.unknown("selection", name, known: try selections().map(\.name))
    }
    return record
  }

  /// The ids of a selection, in its order.
  /// - Throws: `store.dropped` when it was dropped since its record was read; `store.corrupted`.
  /// - Complexity: O(ids).
  public func ids(of selection: SelectionRecord) throws -> [SampleID] {
    var ids: [SampleID] = []
    ids.reserveCapacity(Int(clamping: selection.count))
    let pieces = SelectedPieces(tag: .selection, number: selection.id, count: selection.count)
    try pieces.forEach(self) { ids += $0 }
    return ids
  }
}

extension WriteTransaction {
  /// Stores a selection of a snapshot.
  /// - Parameter snapshot: as an earlier transaction read it; it may have been dropped since.
  /// - Throws: `store.name`; `store.selection-exists`; `store.unknown-snapshot`.
  /// - Complexity: O(ids), all in this transaction, whose limit is near 100 million ids.
  public func createSelection(_ new: NewSelection, of snapshot: SnapshotRecord) throws -> SelectionRecord {
    try NameRule.check(new.name, of: "selection")
    guard try reading.selection(named: new.name) == nil else { throw CohortError.exists("selection", new.name) }
    guard let stored = try reading.snapshot(snapshot.id), stored.digest == snapshot.digest else {
      throw CohortError.unknown("snapshot", snapshot.name, known: try reading.snapshots().map(\.name))
    }
    var digest = StreamingDigest()
    for id in new.ids { digest.update(id) }
    let counter = try reading.value(SelectionRecord.counterKey, of: SelectionRecord.table)
    let id = try counter.map { try ByteReader.decode($0) { try $0.fixed(UInt32.self) } } ?? 0
    let record = SelectionRecord(new, id: id, snapshot: snapshot.id, created: state.time, digest: digest.finish())
    try put(Self.bytes(of: id + 1), SelectionRecord.counterKey, in: SelectionRecord.table)
    try put(Self.bytes(of: id), SelectionRecord.key(ofName: new.name), in: SelectionRecord.table)
    try put(record.encoded, SelectionRecord.key(id), in: SelectionRecord.table)
    try SelectedPieces(tag: .selection, number: id, count: record.count).write(new.ids, self)
    try log(
      LogEvent.SelectionCreated(
        id: id, name: record.name, snapshot: snapshot.id, method: record.method, count: record.count,
        digest: record.digest))
    return record
  }

  private static func bytes(of number: UInt32) -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(number)
    return writer.bytes
  }

  /// Removes a selection.
  /// - Throws: `store.unknown-selection`; `store.selection-in-use` while a plan stands on it.
  public func dropSelection(named name: String) throws {
    let record = try reading.existingSelection(name)
    let plans = try reading.plans().filter { $0.selection == record.id }.map(\.name)
    guard plans.isEmpty else {
      throw CohortError(
        .storeSelectionInUse, "Plans stand on selection \"\(name)\": \(plans.joined(separator: ", "))",
        hint: "Drop them first")
    }
    let table = try unsafe.make(SelectionRecord.table.definition)
    try unsafe.delete(table, SelectionRecord.key(ofName: name))
    try unsafe.delete(table, SelectionRecord.key(record.id))
    try SelectedPieces(tag: .selection, number: record.id, count: record.count).remove(self)
    try log(LogEvent.SelectionDropped(id: record.id, name: name))
  }
}
