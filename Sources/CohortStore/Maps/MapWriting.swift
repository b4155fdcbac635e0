public import CohortCore
internal import CohortLMDB

/// What a map is made of.
public struct NewMap: Sendable {
  public var name: String
  public var grouping: GroupingID
  public var space: SpaceID
  public var dimension: Int
  public var rules: UInt32
  /// How far samples of the grouping's feed have places.
  public var through: FeedPosition
  public var places: [MapPlace]
  public var cells: [[Float]]

  public init(
    name: String, grouping: GroupingID, space: SpaceID, dimension: Int, rules: UInt32, through: FeedPosition,
    places: [MapPlace], cells: [[Float]]
  ) {
    (self.name, self.grouping, self.space, self.dimension) = (name, grouping, space, dimension)
    (self.rules, self.through, self.places, self.cells) = (rules, through, places, cells)
  }
}

/// A map after something happened to it: all its places, and why they are others.
public struct MapChange: Sendable {
  public var kind: LogEvent.MapChanged.Change
  public var rules: UInt32
  public var through: FeedPosition
  public var places: [MapPlace]
  public var cells: [[Float]]
  public var settled: UInt64
  public var drifted: UInt64
  /// How a new layout was turned towards the former one: six coefficients; empty for other changes.
  public var turn: [Double] = []

  public init(
    kind: LogEvent.MapChanged.Change, rules: UInt32, through: FeedPosition, places: [MapPlace], cells: [[Float]],
    settled: UInt64, drifted: UInt64
  ) {
    (self.kind, self.rules, self.through, self.places, self.cells) = (kind, rules, through, places, cells)
    (self.settled, self.drifted) = (settled, drifted)
  }
}

extension WriteTransaction {
  /// Stores a new map.
  /// - Throws: `store.name`; `store.map-exists`; `store.unknown-grouping` when the grouping was dropped meanwhile.
  /// - Complexity: O(places), all in this transaction.
  public func createMap(_ new: NewMap) throws -> MapRecord {
    try reading.checkNew(map: new.name)
    let groupings = try reading.groupings()
    guard groupings.contains(where: { $0.id == new.grouping }) else {
      throw CohortError.dropped("grouping", "number \(new.grouping)")
    }
    let counter = try reading.value(MapRecord.counterKey, of: MapRecord.table)
    let id = try counter.map { try ByteReader.decode($0) { try $0.fixed(UInt32.self) } } ?? 0
    let record = MapRecord(
      id: id, name: new.name, grouping: new.grouping, space: new.space, dimension: UInt32(new.dimension),
      created: state.time, rules: new.rules, edition: 1, through: new.through, count: UInt64(new.places.count),
      digest: MapRecord.digest(new.places), settled: UInt64(new.places.count), drifted: 0,
      cells: UInt32(new.cells.count))
    try put(Self.mapNumber(id + 1), MapRecord.counterKey, in: MapRecord.table)
    try put(Self.mapNumber(id), MapRecord.key(ofName: new.name), in: MapRecord.table)
    try put(record.encoded, MapRecord.key(id), in: MapRecord.table)
    try MapPieces(record).write(new.places, from: 0, self)
    try MapPieces(record).write(cells: new.cells, from: 0, self)
    try log(
      LogEvent.MapCreated(
        id: id, name: record.name, grouping: record.grouping, space: record.space, rules: record.rules,
        through: record.through, count: record.count, cells: record.cells, digest: record.digest))
    return record
  }

  private static func mapNumber(_ number: UInt32) -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(number)
    return writer.bytes
  }

  /// Stores what a map has become.
  /// - Parameter map: as an earlier transaction read it.
  /// - Returns: its record afterwards.
  /// - Throws: `store.dropped`; `store.map-moved` when another program changed it meanwhile.
  /// - Complexity: O(places): their digest is computed; only those pieces are written that change.
  public func changeMap(_ map: MapRecord, to change: MapChange) throws -> MapRecord {
    guard let stored = try reading.map(map.id) else { throw CohortError.dropped("map", map.name) }
    guard stored == map else {
      throw CohortError(.storeMapMoved, "Another program changed map \"\(map.name)\" meanwhile")
    }
    var record = map
    (record.rules, record.through) = (change.rules, change.through)
    (record.settled, record.drifted) = (change.settled, change.drifted)
    record.count = UInt64(change.places.count)
    record.cells = UInt32(change.cells.count)
    record.digest = MapRecord.digest(change.places)
    if change.kind == .laidOut { record.edition += 1 }
    try MapPieces(map).remove(placesBehind: change.places.count, cellsBehind: change.cells.count, self)
    let isPlacing = change.kind == .placed
    try MapPieces(record).write(change.places, from: isPlacing ? Int(map.count) : 0, self)
    try MapPieces(record).write(cells: change.cells, from: isPlacing ? Int(map.cells) : 0, self)
    try put(record.encoded, MapRecord.key(map.id), in: MapRecord.table)
    try log(
      LogEvent.MapChanged(
        id: map.id, change: change.kind, rules: change.rules, through: change.through, count: record.count,
        cells: record.cells, former: map.digest, digest: record.digest, turn: change.turn))
    return record
  }

  /// Removes a map.
  /// - Throws: `store.unknown-map`.
  public func dropMap(named name: String) throws {
    let record = try reading.existingMap(name)
    let table = try unsafe.make(MapRecord.table.definition)
    try unsafe.delete(table, MapRecord.key(ofName: name))
    try unsafe.delete(table, MapRecord.key(record.id))
    try MapPieces(record).remove(self)
    try log(LogEvent.MapDropped(id: record.id, name: name))
  }
}
