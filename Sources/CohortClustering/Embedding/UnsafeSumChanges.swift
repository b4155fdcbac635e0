internal import CohortKernels

/// What one worker adds to and takes from the live sums, kept apart until it is added up: integers, so neither the order
/// nor the number of workers shows.
final class SumChanges {
  private let dimension: Int
  /// Where a slot's part begins, in units of `dimension`; -1 when it has none.
  private var places: [Int32] = []
  private(set) var slots: [Int] = []
  private var members: [Int] = []
  private var sums: [Int64] = []

  init(dimension: Int) { self.dimension = dimension }

  func add(_ row: UnsafePointer<Float>, to slot: Int, _ path: cohort_path) {
    let place = place(of: slot)
    members[place] += 1
    withSum(place) { cohort_sum_add(path, $0, row, dimension) }
  }

  func subtract(_ row: UnsafePointer<Float>, from slot: Int, _ path: cohort_path) {
    let place = place(of: slot)
    members[place] -= 1
    withSum(place) { cohort_sum_subtract(path, $0, row, dimension) }
  }

  private func withSum(_ place: Int, _ body: (UnsafeMutablePointer<Int64>) -> Void) {
    sums.withUnsafeMutableBufferPointer {
      guard let base = $0.baseAddress else { return }
      body(base + place * dimension)
    }
  }

  private func place(of slot: Int) -> Int {
    if slot >= places.count { places += repeatElement(-1, count: slot + 1 - places.count) }
    if places[slot] >= 0 { return Int(places[slot]) }
    places[slot] = Int32(slots.count)
    slots.append(slot)
    members.append(0)
    sums += repeatElement(0, count: dimension)
    return slots.count - 1
  }

  /// Hands out what was gathered, slot by slot, and forgets it.
  func drain(_ body: (_ slot: Int, _ members: Int, _ sum: ArraySlice<Int64>) throws -> Void) rethrows {
    defer {
      for slot in slots { places[slot] = -1 }
      slots.removeAll(keepingCapacity: true)
      members.removeAll(keepingCapacity: true)
      sums.removeAll(keepingCapacity: true)
    }
    for (place, slot) in slots.enumerated() {
      try body(slot, members[place], sums[(place * dimension)..<((place + 1) * dimension)])
    }
  }
}
