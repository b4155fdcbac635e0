/// Which groups go on in which of the centroids that replace all groups: ids stay where most of the members do.
package struct GroupMatch {
  /// Members of a group that are nearest to a new centroid; at least 1.
  package struct Overlap {
    package var slot: Int
    package var column: Int
    package var members: UInt64

    package init(slot: Int, column: Int, members: UInt64) {
      self.slot = slot
      self.column = column
      self.members = members
    }
  }

  /// The column of each slot that goes on: of all pairs the one with most members first, each slot and column once.
  package private(set) var kept: [Int: Int] = [:]
  /// Of each slot that does not go on, the column that most of its members go to.
  package private(set) var heirs: [Int: Int] = [:]
  /// Of each column in which no slot goes on, the slot that most of its members come from.
  package private(set) var parents: [Int: Int] = [:]

  /// - Parameter overlaps: one for each pair that has any, in any order. Among equals the first slot wins, then the first
  ///   column.
  package init(_ overlaps: [Overlap]) {
    let ranked = overlaps.sorted {
      $0.members != $1.members
        ? $0.members > $1.members : $0.slot != $1.slot ? $0.slot < $1.slot : $0.column < $1.column
    }
    var taken: Set<Int> = []
    for pair in ranked where kept[pair.slot] == nil && !taken.contains(pair.column) {
      kept[pair.slot] = pair.column
      taken.insert(pair.column)
    }
    for pair in ranked {
      if kept[pair.slot] == nil, heirs[pair.slot] == nil { heirs[pair.slot] = pair.column }
      if !taken.contains(pair.column), parents[pair.column] == nil { parents[pair.column] = pair.slot }
    }
  }
}
