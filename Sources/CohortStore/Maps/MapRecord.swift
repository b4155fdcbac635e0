public import CohortCore
internal import CohortLMDB

/// A map: samples of a grouping with their places in the plane. Places stay while samples come.
///
/// ```
/// maps["n" | name]         u32 number
/// maps["r" | u32 BE]       u8 layout version (1) | the record's fields in their order, as `encoded` has them
/// maps["c"]                u32 the next number
/// places["p" | u32 BE | u32 BE piece]   places in the order in which samples were placed (`MapPieces`)
/// places["c" | u32 BE | u32 BE piece]   centroids of the map's cells (`MapPieces`)
/// ```
public struct MapRecord: Hashable, Sendable {
  /// Given by the store when the map is created; never given again.
  public var id: UInt32
  /// Given by the user; unique among the store's maps, and free again once the map is dropped.
  public var name: String
  /// The grouping whose rounds are the batches in which samples come.
  public var grouping: GroupingID
  /// The space whose vectors tell which samples belong together.
  public var space: SpaceID
  /// Values of a vector.
  public var dimension: UInt32
  /// Milliseconds since 1970, UTC.
  public var created: Int64
  /// Which rules the places were made by: other rules, other places.
  public var rules: UInt32
  /// 1 for the first layout, and one more each time the map was laid out anew.
  public var edition: UInt32
  /// Records of the grouping's feed whose samples have places.
  public var through: FeedPosition
  /// Samples with a place; deleted ones keep theirs until the map is laid out anew.
  public var count: UInt64
  /// Of all places (`MapRecord.digest`).
  public var digest: Digest128
  /// Samples that were laid out or settled together, and how many came into new land since.
  public var settled: UInt64
  public var drifted: UInt64
  /// Centroids of the cells through which neighbours are found.
  public var cells: UInt32

  static let layoutVersion: UInt8 = 1
  static let feature = StoreFeature(bit: 15, "maps")
  package static let table = OptionalTable("maps", key: .bytes, number: 18, feature: feature)

  static func key(ofName name: String) -> [UInt8] { [UInt8(ascii: "n")] + Array(name.utf8) }

  static func key(_ id: UInt32) -> [UInt8] {
    [UInt8(ascii: "r")] + withUnsafeBytes(of: id.bigEndian) { [UInt8]($0) }
  }

  static let counterKey = [UInt8(ascii: "c")]

  /// XXH3-128 over id (u64), bits of x and y (u32 each) and cell (u32) of all places in their order.
  public static func digest(_ places: some Sequence<MapPlace>) -> Digest128 {
    var digest = StreamingDigest()
    for place in places {
      digest.update(place.id)
      digest.update(place.x.bitPattern)
      digest.update(place.y.bitPattern)
      digest.update(place.cell)
    }
    return digest.finish()
  }

  var encoded: [UInt8] {
    var writer = ByteWriter(capacity: name.utf8.count + 128)
    writer.fixed(Self.layoutVersion)
    writer.fixed(id)
    writer.string(name)
    writer.fixed(grouping.rawValue)
    writer.fixed(space.rawValue)
    writer.fixed(dimension)
    writer.fixed(created)
    writer.fixed(rules)
    writer.fixed(edition)
    writer.varint(through.sequence.rawValue)
    writer.varint(through.offset)
    writer.varint(count)
    writer.digest(digest)
    writer.varint(settled)
    writer.varint(drifted)
    writer.fixed(cells)
    return writer.bytes
  }

  init(_ bytes: UnsafeRawBufferPointer, key: [UInt8]) throws {
    let place = SealPlace(number: Self.table.number, XXH3.hash64(key))
    self = try Sealed.decode(bytes, place, "The record of a map") { reader in
      let version = try reader.fixed(UInt8.self)
      guard version == Self.layoutVersion else { throw CohortError.invalid("its layout version", cause: "\(version)") }
      return MapRecord(
        id: try reader.fixed(), name: try reader.string(), grouping: GroupingID(try reader.fixed()),
        space: SpaceID(try reader.fixed()), dimension: try reader.fixed(), created: try reader.fixed(),
        rules: try reader.fixed(), edition: try reader.fixed(),
        through: FeedPosition(sequence: LogSequence(try reader.varint()), offset: try reader.varint()),
        count: try reader.varint(), digest: try reader.digest(), settled: try reader.varint(),
        drifted: try reader.varint(), cells: try reader.fixed())
    }
  }

  init(
    id: UInt32, name: String, grouping: GroupingID, space: SpaceID, dimension: UInt32, created: Int64, rules: UInt32,
    edition: UInt32, through: FeedPosition, count: UInt64, digest: Digest128, settled: UInt64, drifted: UInt64,
    cells: UInt32
  ) {
    (self.id, self.name, self.grouping, self.space, self.dimension) = (id, name, grouping, space, dimension)
    (self.created, self.rules, self.edition, self.through) = (created, rules, edition, through)
    (self.count, self.digest, self.settled, self.drifted, self.cells) = (count, digest, settled, drifted, cells)
  }
}

/// Where a sample is.
public struct MapPlace: Hashable, Sendable {
  public var id: UInt64
  /// In the map's own unit, in which neighbours lie about 1 apart; finite, and within `farthest`.
  public var x: Float
  public var y: Float
  /// Index of the sample's cell.
  public var cell: UInt32

  /// No place lies farther out.
  public static let farthest: Float = 1e6

  public init(id: UInt64, x: Float, y: Float, cell: UInt32) { (self.id, self.x, self.y, self.cell) = (id, x, y, cell) }
}

extension ReadTransaction {
  /// The map of a name; nil when there is none.
  public func map(named name: String) throws -> MapRecord? {
    let key = MapRecord.key(ofName: name)
    guard name.utf8.count <= NameRule.longest, let number = try value(key, of: MapRecord.table) else { return nil }
    let id = try ByteReader.decode(number) { try $0.fixed(UInt32.self) }
    guard let record = try map(id), record.name == name else { throw CohortError.missing("The record of map \(name)") }
    return record
  }

  /// The map with an id; nil when there is none or it was dropped.
  public func map(_ id: UInt32) throws -> MapRecord? {
    let key = MapRecord.key(id)
    guard let table = unsafe.table(MapRecord.table.definition), let stored = try unsafe.get(table, key) else {
      return nil
    }
    return try MapRecord(stored, key: key)
  }

  /// All maps in the order of their ids.
  public func maps() throws -> [MapRecord] {
    guard let table = unsafe.table(MapRecord.table.definition) else { return [] }
    var all: [MapRecord] = []
    try unsafe.walk(table, from: MapRecord.key(0)) { key, value in
      guard key.first == UInt8(ascii: "r") else { return false }
      all.append(try MapRecord(value, key: [UInt8](key)))
      return true
    }
    return all
  }

  /// The map of a name that must be there.
  /// - Throws: `store.unknown-map`, with the closest name.
  public func existingMap(_ name: String) throws -> MapRecord {
    guard let record = try map(named: name) else {
      throw CohortError.unknown("map", name, known: try maps().map(\.name))
    }
    return record
  }

  /// - Throws: `store.name`, `store.map-exists` for a name that no new map can have.
  public func checkNew(map name: String) throws {
    try NameRule.check(name, of: "map")
    guard try map(named: name) == nil else { throw CohortError.exists("map", name) }
  }

  /// All places of a map, in the order in which samples were placed.
  /// - Throws: `store.dropped` when it was dropped since its record was read; `store.corrupted`.
  /// - Complexity: O(places).
  public func places(of map: MapRecord) throws -> [MapPlace] { try MapPieces(map).places(self) }

  /// The centroids of a map's cells: `map.cells` rows of `map.dimension` values.
  /// - Throws: as `places(of:)`.
  public func cells(of map: MapRecord) throws -> [[Float]] { try MapPieces(map).cells(self) }
}
