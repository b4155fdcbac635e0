/// The colours of a drawing's points on one background, and the legend that explains them.
struct PointColours {
  /// What the colours mean; empty where there is but one.
  let heading: String
  /// Categories with the number of their points, the largest first.
  let entries: [(colour: Colour, name: String, count: Int)]
  /// Of a ramp: five values from the least to the greatest.
  let ticks: [String]

  private let palette: [Colour]
  private let indices: [Int32]
  private let levels: [UInt8]

  /// - Complexity: O(points); O(points · log points) for numbers.
  init(_ drawing: MapDrawing, _ theme: DrawingTheme) {
    guard let column = drawing.colour.map({ drawing.columns[$0] }) else {
      (heading, entries, ticks, indices, levels) = ("", [], [], [], [])
      palette = [CategoryColours.distinct[0]]
      return
    }
    switch column.values {
    case .categories(let of, let names):
      let colours = CategoryColours(of: of, names: names)
      heading = column.name
      entries = colours.order.map { (colours.colours[$0], names[$0], colours.counts[$0]) }
      ticks = []
      (palette, indices, levels) = (colours.colours, of, [])
    case .scalars(let values, let unit):
      let colours = ScalarColours(values)
      heading = unit.isEmpty ? column.name : "\(column.name) (\(unit))"
      entries = []
      ticks = colours.ticks.map { Self.number($0) }
      (palette, indices, levels) = (ScalarColours.ramp(theme), [], colours.levels)
    }
  }

  /// Of a point.
  func colour(_ point: Int) -> Colour {
    if !levels.isEmpty { return palette[Int(levels[point])] }
    return palette[indices.isEmpty ? 0 : Int(indices[point])]
  }

  /// Whole numbers without a point, others as short as they can be told apart.
  static func number(_ value: Float) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
