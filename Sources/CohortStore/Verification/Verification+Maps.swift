internal import CohortCore
internal import CohortLMDB

extension Verification {
  /// Maps are what the log says, and have the places that their digests tell of, each sample once.
  func checkMaps(_ transaction: borrowing ReadTransaction) {
    let maps = collect("maps") { try transaction.maps() } ?? []
    for map in maps {
      let place = "map \"\(map.name)\""
      expect(history.maps[map.id] == map.digest, place, "its digest is not that of the log")
      let found = collect(place) { try transaction.map(named: map.name) } ?? nil
      expect(found?.id == map.id, place, "its name does not lead to it")
      collect(place) { _ = try transaction.cells(of: map) }
      guard let places = collect(place, { try transaction.places(of: map) }) else { continue }
      expect(MapRecord.digest(places) == map.digest, place, "its places are not those of its digest")
      let ids = places.map(\.id).sorted()
      expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 }, place, "a sample has two places")
      expect(ids.last.map { $0 < counters.nextSample } ?? true, place, "it has a sample that never was")
    }
    for id in history.maps.keys where !maps.contains(where: { $0.id == id }) {
      problem("map \(id)", "the log tells of it, and it is not there")
    }
  }
}
