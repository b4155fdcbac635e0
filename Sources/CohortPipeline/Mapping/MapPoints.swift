internal import CohortCore
public import CohortStore

/// All that is to be drawn of a map: its samples that were not deleted, by ascending ids.
public struct MapPoints: Sendable {
  public private(set) var ids: [UInt64] = []
  /// In the map's own unit.
  public private(set) var xs: [Float] = []
  public private(set) var ys: [Float] = []
  /// The group of each sample in the map's grouping as it is now; `GroupID.unassigned` for none.
  public private(set) var groups: [UInt32] = []
  public let map: MapRecord
  /// Name of that grouping.
  public let grouping: String

  /// - Throws: `store.unknown-map`; `store.dropped`; `store.corrupted`.
  /// - Complexity: O(samples of the map), in one read transaction.
  public init(_ store: Store, map name: String) throws {
    self = try store.read { try MapPoints(name, $0) }
  }

  /// The same, as a transaction sees it.
  init(_ name: String, _ transaction: borrowing ReadTransaction) throws {
    map = try transaction.existingMap(name)
    let (number, places) = (map.grouping, try transaction.places(of: map).sorted { $0.id < $1.id })
    guard let grouping = try transaction.groupings().first(where: { $0.id == number }) else {
      throw CohortError.dropped("grouping", "number \(number)")
    }
    self.grouping = grouping.name
    for place in places where try !transaction.isDeleted(SampleID(place.id)) {
      ids.append(place.id)
      xs.append(place.x)
      ys.append(place.y)
      groups.append(try transaction.uint32(grouping.groupColumn, SampleID(place.id)))
    }
  }
}
