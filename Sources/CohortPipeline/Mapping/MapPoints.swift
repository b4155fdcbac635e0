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
    let (map, grouping, places, groups) = try store.read { transaction in
      let map = try transaction.existingMap(name)
      guard let grouping = try transaction.groupings().first(where: { $0.id == map.grouping }) else {
        throw CohortError.dropped("grouping", "number \(map.grouping)")
      }
      let places = try transaction.places(of: map).sorted { $0.id < $1.id }
      var (live, groups) = ([MapPlace](), [UInt32]())
      for place in places where try !transaction.isDeleted(SampleID(place.id)) {
        live.append(place)
        groups.append(try transaction.uint32(grouping.groupColumn, SampleID(place.id)))
      }
      return (map, grouping.name, live, groups)
    }
    (self.map, self.grouping, self.groups) = (map, grouping, groups)
    (ids, xs, ys) = (places.map(\.id), places.map(\.x), places.map(\.y))
  }
}
