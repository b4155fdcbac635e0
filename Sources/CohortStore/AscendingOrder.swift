/// Ids in ascending order, whatever the order in which they were given: neighbours are found on the page, or in the chunk,
/// that was just looked at.
enum AscendingOrder {
  /// Calls `body` with the index and the value of each id; equal ones in the order of their indices.
  /// - Complexity: O(n) for ids that ascend already, else O(n log n), and 8 bytes an id.
  static func forEach(_ ids: UnsafeBufferPointer<UInt64>, _ body: (_ index: Int, _ id: UInt64) throws -> Void) throws {
    if isAscending(ids) {
      for index in ids.indices { try body(index, ids[index]) }
      return
    }
    try withUnsafeTemporaryAllocation(of: Int.self, capacity: ids.count) { room in
      var order = room
      _ = order.initialize(from: ids.indices)
      order.sort { ids[$0] == ids[$1] ? $0 < $1 : ids[$0] < ids[$1] }
      for index in order { try body(index, ids[index]) }
    }
  }

  private static func isAscending(_ ids: UnsafeBufferPointer<UInt64>) -> Bool {
    var previous: UInt64 = 0
    for id in ids {
      if id < previous { return false }
      previous = id
    }
    return true
  }
}
