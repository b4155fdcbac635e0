internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `places`: where each sample of a map lies in the plane. Samples that are deleted, or not placed yet, are not in it.
enum PlacesTable: StoreTable {
  static let name = "places"
  static let declaration = """
    CREATE TABLE x(map TEXT NOT NULL, id INTEGER NOT NULL, x REAL, y REAL, PRIMARY KEY(map, id)) WITHOUT ROWID
    """
  static let integers: Set = [id]
  static let texts: Set = [map]

  static let (map, id, x, y) = (0, 1, 2, 3)

  static func plan(_ plan: TablePlan, _ statistics: StoreStatistics) throws {
    // Places lie in the order in which samples came: a map is read as a whole, once a statement, and then looked up by id.
    plan.setParts(map, 1, id: id, samples: statistics.samples)
  }

  static func scan(_ session: TableSession) -> Scan { PlacesScan(session) }
}

private final class PlacesScan: Scan {
  private typealias Table = PlacesTable
  private static let batchRows = 4096

  private var maps: [MapRecord] = []
  private var part = -1
  private var wanted = IntegerFilter()
  private var places: [MapPlace] = []
  /// Where in the places, or in the list of wanted ids, the next batch begins.
  private var next = 0
  private let name = KeptBytes()
  private let ids = UnsafeMutablePointer<UInt64>.allocate(capacity: batchRows)
  private let xs = UnsafeMutablePointer<Float>.allocate(capacity: batchRows)
  private let ys = UnsafeMutablePointer<Float>.allocate(capacity: batchRows)

  deinit {
    ids.deallocate()
    xs.deallocate()
    ys.deallocate()
  }

  override func begin(_ arguments: ScanArguments) throws {
    wanted = arguments.integers(Table.id)
    wanted.low = max(wanted.low, 0)
    let names = arguments.texts(Table.map)
    (part, next, places) = (-1, 0, [])
    guard !wanted.isEmpty else { return maps = [] }
    maps = try session.read { transaction in
      try session.derived.maps(transaction).filter { names?.contains(Array($0.name.utf8)) != false }
    }
  }

  override func advance(_ batch: UnsafeBatch) throws {
    while true {
      try session.checkStop()
      var count = 0
      while count < Self.batchRows, let place = nextPlace() {
        ids[count] = place.id
        xs[count] = place.x
        ys[count] = place.y
        count += 1
      }
      if count > 0 {
        batch.setRows(count)
        batch.setSame(Table.map, name.value)
        batch.set(Table.id, COHORT_SQL_LONGS, ids)
        batch.set(Table.x, COHORT_SQL_FLOATS, xs)
        return batch.set(Table.y, COHORT_SQL_FLOATS, ys)
      }
      part += 1
      guard part < maps.count else { return }
      places = try session.read { try session.derived.places(of: maps[part], session, $0) }
      name.set(text: maps[part].name)
      next = wanted.list == nil ? first(notBelow: UInt64(wanted.low)) : 0
    }
  }

  /// The next place of the part that is wanted.
  private func nextPlace() -> MapPlace? {
    guard let list = wanted.list else {
      guard next < places.count, Int64(clamping: places[next].id) <= wanted.high else { return nil }
      next += 1
      return places[next - 1]
    }
    while next < list.count {
      let id = list[next]
      next += 1
      guard wanted.low <= id, id <= wanted.high else { continue }
      let index = first(notBelow: UInt64(id))
      if index < places.count, places[index].id == UInt64(id) { return places[index] }
    }
    return nil
  }

  private func first(notBelow id: UInt64) -> Int {
    var (start, end) = (0, places.count)
    while start < end {
      let middle = (start + end) / 2
      if places[middle].id < id { start = middle + 1 } else { end = middle }
    }
    return start
  }
}
