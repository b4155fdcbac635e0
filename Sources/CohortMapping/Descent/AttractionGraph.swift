internal import CohortVectors

/// Which points pull at each moving point and how much: its own neighbours and those whose neighbour it is, ascending, so that
/// sums have one order. The pull of all neighbours of a point is about 1.
struct AttractionGraph: Sendable {
  /// Where the pulls of moving point `i` begin and end: `starts[i] ..< starts[i + 1]`.
  private(set) var starts: [Int] = [0]
  /// Indices of points: below `count(of fixed)` those that stay, behind them the moving ones.
  private(set) var others: [Int32] = []
  private(set) var weights: [Float] = []

  /// - Parameters:
  ///   - lists: of each moving point its neighbours, by their indices.
  ///   - fixed: how many points come before the moving ones. They have no lists of their own: a moving point's pull towards
  ///     one of them counts twice, as if they were one another's neighbours.
  init(_ lists: [[Int32]], fixed: Int) {
    var counts = [Int](repeating: 0, count: lists.count)
    for (i, list) in lists.enumerated() {
      counts[i] += list.count
      for other in list where Int(other) >= fixed { counts[Int(other) - fixed] += 1 }
    }
    starts.reserveCapacity(lists.count + 1)
    var places = [Int](repeating: 0, count: lists.count)
    var total = 0
    for i in lists.indices {
      places[i] = total
      total += counts[i]
    }
    let begins = places
    /// Twice the other's index, plus 1 for one that has this point among its own neighbours.
    var edges = [Int64](repeating: 0, count: total)
    for (i, list) in lists.enumerated() {
      for other in list {
        edges[places[i]] = Int64(other) * 2
        places[i] += 1
        guard Int(other) >= fixed else { continue }
        edges[places[Int(other) - fixed]] = Int64(i + fixed) * 2 + 1
        places[Int(other) - fixed] += 1
      }
    }
    others.reserveCapacity(total)
    weights.reserveCapacity(total)
    for i in lists.indices {
      let own = edges[begins[i]..<places[i]].sorted()
      let unit = lists[i].isEmpty ? 0.5 : 0.5 / Float(lists[i].count)
      for edge in own {
        let other = Int32(truncatingIfNeeded: edge / 2)
        // Those whose neighbour this is have about as many neighbours.
        let weight = Int(other) < fixed ? 2 * unit : unit
        if others.count > starts[i], others.last == other {
          weights[weights.count - 1] += weight
        } else {
          others.append(other)
          weights.append(weight)
        }
      }
      starts.append(others.count)
    }
  }
}
