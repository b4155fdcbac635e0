/// Elements that are joined into sets (union-find, with paths halved). A set is named by its lowest element, so the order in
/// which elements are joined does not show.
package struct DisjointSets: Sendable {
  private var parents: [UInt32]

  /// Each element alone.
  package init(count: Int) { parents = (0..<UInt32(count)).map { $0 } }

  /// The lowest element of a set. Complexity: O(log n), amortised.
  package mutating func lowest(of element: UInt32) -> UInt32 {
    var element = element
    while parents[Int(element)] != element {
      parents[Int(element)] = parents[Int(parents[Int(element)])]
      element = parents[Int(element)]
    }
    return element
  }

  /// Joins the sets of two elements. - Returns: whether they were two.
  @discardableResult
  package mutating func join(_ a: UInt32, _ b: UInt32) -> Bool {
    let (a, b) = (lowest(of: a), lowest(of: b))
    guard a != b else { return false }
    parents[Int(max(a, b))] = min(a, b)
    return true
  }

  /// Sets of at least two elements: each ascending, in the order of their lowest.
  package mutating func sets() -> [[UInt32]] {
    var members: [UInt32: [UInt32]] = [:]
    for element in parents.indices {
      let lowest = lowest(of: UInt32(element))
      if lowest != UInt32(element) { members[lowest, default: [lowest]].append(UInt32(element)) }
    }
    return members.values.sorted { $0[0] < $1[0] }
  }
}
