public import CohortCore

/// Samples as points in the plane, with what is to be said of them: what `page()`, `png(_:)` and `svg(_:)` draw.
///
///     let drawing = try MapDrawing(
///       title: "Everything", x: [0, 1, 4], y: [0, 1, 2], ids: [7, 8, 9],
///       columns: [.init("task", .categories(of: [0, 0, 1], names: ["sums", "poems"]))])
///     let bytes = drawing.page()
///
/// The same drawing gives the same bytes. Texts, names and labels may hold anything: they are escaped wherever they stand.
public struct MapDrawing: Sendable {
  /// Something known of every point: it can be shown as a colour, and the page shows it of the point under the mouse.
  public struct Column: Sendable {
    /// What the values are.
    public enum Values: Sendable {
      /// Each point belongs to one of some names: `of[i]` is the place of point i's name in `names`.
      case categories(of: [Int32], names: [String])
      /// A number for each point. Colours follow ranks, not values, so that one long sample does not make all others alike.
      /// - Parameter unit: what is counted, such as `tokens`; may be empty.
      case scalars([Float], unit: String)
    }

    /// How the column is called in the legend, such as `task`.
    public let name: String
    public let values: Values

    public init(_ name: String, _ values: Values) {
      self.name = name
      self.values = values
    }
  }

  /// Words that stand in the map.
  public struct Label: Sendable {
    public let text: String
    /// Where the middle of the words is, in the units of the points.
    public let x: Float
    public let y: Float

    public init(_ text: String, x: Float, y: Float) {
      self.text = text
      self.x = x
      self.y = y
    }
  }

  /// Beyond this many points a page holds no texts: 100,000.
  public static let mostTexts = 100_000
  /// How much of a text a page holds, in characters: 160.
  public static let textLength = 160
  /// Beyond this many points a page shows an even part of them, and says so: 4 million.
  public static let mostPagePoints = 4_000_000

  public let title: String
  public let x: [Float]
  public let y: [Float]
  public let ids: [UInt64]
  public let columns: [Column]
  /// The column whose colours are shown; nil for one colour.
  public let colour: Int?
  /// What is shown of the point under the mouse. Empty for nothing.
  public let texts: [String]
  /// The first ones win where two would overlap.
  public let labels: [Label]
  /// Sentences below the map.
  public let notes: [String]

  /// Checks what it is given.
  /// - Parameters:
  ///   - x: to the right, one for each point, in any unit; both axes are drawn to one scale.
  ///   - y: upwards.
  ///   - ids: of the samples, as long as `x`.
  ///   - columns: each as long as `x`.
  ///   - colour: the place of the column whose colours are shown first.
  ///   - texts: empty, or as long as `x`; beyond `mostTexts` points none is kept.
  /// - Throws: `drawing.input` for arrays of different lengths, numbers that are not finite, and a category without name.
  /// - Complexity: O(points).
  public init(
    title: String, x: [Float], y: [Float], ids: [UInt64], columns: [Column] = [], colour: Int? = 0,
    texts: [String] = [],
    labels: [Label] = [], notes: [String] = []
  ) throws(CohortError) {
    guard x.count == y.count, x.count == ids.count, texts.isEmpty || texts.count == x.count else {
      throw CohortError(
        .drawingInput, "A map needs one x, one y and one id for each point",
        cause: "there are \(x.count), \(y.count) and \(ids.count), and \(texts.count) texts",
        hint: "Give arrays of the same length; texts may be missing")
    }
    try Self.checkFinite(x, "the x of point")
    try Self.checkFinite(y, "the y of point")
    for column in columns { try Self.check(column, points: x.count) }
    for (index, label) in labels.enumerated() where !label.x.isFinite || !label.y.isFinite {
      throw CohortError(
        .drawingInput, "A label must have a place", place: "label \(index)", cause: "(\(label.x), \(label.y)) is none",
        hint: "Leave it out, or give finite numbers")
    }
    if let colour, !columns.isEmpty, !columns.indices.contains(colour) {
      throw CohortError(
        .drawingInput, "There is no column \(colour) to colour by", cause: "there are \(columns.count) columns",
        hint: "Give a number below that")
    }
    self.title = title
    self.x = x
    self.y = y
    self.ids = ids
    self.columns = columns
    self.colour = columns.isEmpty ? nil : colour
    self.texts = x.count > Self.mostTexts ? [] : texts
    self.labels = labels
    self.notes = notes
  }

  /// How many points there are.
  public var count: Int { x.count }

  private static func check(_ column: Column, points: Int) throws(CohortError) {
    let count: Int
    switch column.values {
    case .categories(let indices, let names):
      count = indices.count
      if let bad = indices.firstIndex(where: { $0 < 0 || $0 >= names.count }) {
        throw CohortError(
          .drawingInput, "A category has no name", place: "column \(column.name), point \(bad)",
          cause: "\(indices[bad]) is not below the number of names, \(names.count)",
          hint: "Give a name for those without one, too")
      }
    case .scalars(let values, _):
      count = values.count
      try checkFinite(values, "column \(column.name), point")
    }
    guard count == points else {
      throw CohortError(
        .drawingInput, "A column needs one value for each point", place: "column \(column.name)",
        cause: "there are \(count) values and \(points) points", hint: "Give arrays of the same length")
    }
  }

  private static func checkFinite(_ values: [Float], _ place: String) throws(CohortError) {
    guard let bad = values.firstIndex(where: { !$0.isFinite }) else { return }
    throw CohortError(
      .drawingInput, "Only finite numbers can be drawn", place: "\(place) \(bad)",
      cause: "\(values[bad]) is not finite",
      hint: "Leave such points out")
  }
}

extension MapDrawing {
  /// An even part of the points: every k-th, with the least k that leaves at most `most`. Itself if it has no more.
  func thinned(to most: Int) -> (drawing: MapDrawing, every: Int) {
    let every = (count + most - 1) / max(most, 1)
    guard every > 1 else { return (self, 1) }
    func part<T>(_ values: [T]) -> [T] { stride(from: 0, to: values.count, by: every).map { values[$0] } }
    let columns = columns.map { column in
      switch column.values {
      case .categories(let indices, let names): Column(column.name, .categories(of: part(indices), names: names))
      case .scalars(let values, let unit): Column(column.name, .scalars(part(values), unit: unit))
      }
    }
    return (MapDrawing(self, x: part(x), y: part(y), ids: part(ids), columns: columns, texts: part(texts)), every)
  }

  /// With other points, which are known to be sound.
  private init(_ other: MapDrawing, x: [Float], y: [Float], ids: [UInt64], columns: [Column], texts: [String]) {
    (title, colour, labels, notes) = (other.title, other.colour, other.labels, other.notes)
    (self.x, self.y, self.ids, self.columns, self.texts) = (x, y, ids, columns, texts)
  }
}
