extension MapDrawing {
  /// Labels for groups, the largest group first, each at one of its own points: that nearest to the medians of their x and y.
  /// So the words stand on an island and not in the sea between two.
  /// - Parameters:
  ///   - words: for each group; groups without words get no label.
  ///   - indices: the group of each point, by its place in `words`. Points of no group are left out.
  ///   - x: as long as `indices`, as is `y`.
  /// - Complexity: O(points · log points).
  public static func labels(_ words: [String], of indices: [Int32], x: [Float], y: [Float]) -> [Label] {
    let points = min(indices.count, x.count, y.count)
    // Points in the order of their groups, and where each group begins.
    var starts = [Int](repeating: 0, count: words.count + 1)
    for index in indices[..<points] where words.indices.contains(Int(index)) { starts[Int(index) + 1] += 1 }
    for group in words.indices { starts[group + 1] += starts[group] }
    var members = [Int](repeating: 0, count: starts[words.count])
    var next = starts
    for point in 0..<points where words.indices.contains(Int(indices[point])) {
      members[next[Int(indices[point])]] = point
      next[Int(indices[point])] += 1
    }
    func size(_ group: Int) -> Int { starts[group + 1] - starts[group] }
    let order = words.indices.filter { size($0) > 0 && !words[$0].isEmpty }
      .sorted { (size($1), $0) < (size($0), $1) }
    return order.map { group in
      let own = members[starts[group]..<starts[group + 1]]
      let middle = (x: median(own.map { x[$0] }), y: median(own.map { y[$0] }))
      func distance(_ point: Int) -> Double {
        let (dx, dy) = (Double(x[point]) - middle.x, Double(y[point]) - middle.y)
        return dx * dx + dy * dy
      }
      // The first of several that are equally near.
      var best = own[own.startIndex]
      var least = distance(best)
      for point in own.dropFirst() {
        let away = distance(point)
        if away < least { (best, least) = (point, away) }
      }
      return Label(words[group], x: x[best], y: y[best])
    }
  }

  /// The lower one of two.
  private static func median(_ values: [Float]) -> Double { Double(values.sorted()[(values.count - 1) / 2]) }
}
