import CohortCore
import CohortDrawing
import CohortTesting
import Testing

struct MapDrawingTests {
  private static func drawing(
    x: [Float] = [0, 1], y: [Float] = [0, 1], ids: [UInt64] = [0, 1], columns: [MapDrawing.Column] = [],
    colour: Int? = 0,
    texts: [String] = [], labels: [MapDrawing.Label] = []
  ) throws -> MapDrawing {
    try MapDrawing(title: "", x: x, y: y, ids: ids, columns: columns, colour: colour, texts: texts, labels: labels)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func numbersThatAreNoPlaceAreRefusedWithTheirPoint(value: Float) throws {
    let bad = try failure { _ = try Self.drawing(y: [0, value]) }
    #expect(bad.code.name == "drawing.input" && bad.category == .usage)
    #expect(bad.place == "the y of point 1" && bad.cause?.isEmpty == false && bad.hint?.isEmpty == false)
    #expect(try failure { _ = try Self.drawing(x: [value, 0]) }.place == "the x of point 0")
    let columns: [MapDrawing.Column] = [.init("length", .scalars([1, value], unit: ""))]
    #expect(try failure { _ = try Self.drawing(columns: columns) }.place == "column length, point 1")
    #expect(codeName { _ = try Self.drawing(labels: [.init("", x: 0, y: value)]) } == "drawing.input")
  }

  @Test func arraysOfOtherLengthsAreRefused() {
    #expect(codeName { _ = try Self.drawing(x: [0]) } == "drawing.input")
    #expect(codeName { _ = try Self.drawing(y: [0]) } == "drawing.input")
    #expect(codeName { _ = try Self.drawing(ids: [0]) } == "drawing.input")
    #expect(codeName { _ = try Self.drawing(texts: ["one"]) } == "drawing.input")
    #expect(codeName { _ = try Self.drawing(columns: [.init("", .scalars([1], unit: ""))]) } == "drawing.input")
    #expect(
      codeName { _ = try Self.drawing(columns: [.init("", .scalars([1, 2], unit: ""))], colour: 1) } == "drawing.input")
    #expect(codeName { _ = try Self.drawing() } == nil)
  }

  @Test(arguments: [Int32(-1), 1, .max, .min])
  func categoriesWithoutNameAreRefused(index: Int32) throws {
    let columns: [MapDrawing.Column] = [.init("task", .categories(of: [0, index], names: ["only"]))]
    #expect(try failure { _ = try Self.drawing(columns: columns) }.place == "column task, point 1")
  }

  @Test(arguments: [(0, 0), (319, 400), (400, 319), (16_385, 400), (16_000, 16_000), (.max, .max)])
  func picturesOfNoSizeAreRefused(width: Int, height: Int) throws {
    let drawing = try MapDrawing.one()
    let options = PictureOptions(width: width, height: height)
    #expect(codeName { _ = try drawing.png(options) } == "drawing.size")
    #expect(codeName { _ = try drawing.svg(options) } == "drawing.size")
  }

  @Test func theGreatestNumbersCanBeDrawn() throws {
    let most = Float.greatestFiniteMagnitude
    let drawing = try MapDrawing(
      title: "", x: [-most, most, 0], y: [most, -most, 0], ids: [.max, 0, 1],
      columns: [.init("age", .scalars([-most, most, 0], unit: ""))], labels: [.init("far", x: most, y: -most)])
    #expect(drawing.page().count > 10_000)
    #expect(try drawing.png(PictureOptions(width: 400, height: 320)).count > 1_000)
    #expect(try drawing.svg(PictureOptions(width: 400, height: 320)).count > 500)
  }

  @Test func theEndingOfANameTellsTheForm() throws {
    #expect(try DrawingForm(path: "a/b.c/map.html") == .html)
    #expect(try DrawingForm(path: "MAP.PNG") == .png)
    #expect(try DrawingForm(path: "./a.png.svg") == .svg)
    for path in ["", "html", "a.png/map", "map.pdf", "map.", "svg/"] {
      let bad = try failure { _ = try DrawingForm(path: path) }
      #expect(
        bad.code.name == "drawing.form" && bad.category == .usage && bad.place == path && bad.hint?.isEmpty == false)
    }
    let drawing = try MapDrawing.one()
    #expect(try drawing.drawn(as: .html) == drawing.page())
    #expect(try drawing.drawn(as: .png) == drawing.png())
    #expect(try drawing.drawn(as: .svg) == drawing.svg())
  }

  @Test func labelsStandOnAPointOfTheirGroup() throws {
    // The first group lies on two islands, the third has no words, the fourth no points; one point has no group.
    let x: [Float] = [0, 1, 2, 10, 11, 5, 5, 7, 9]
    let y: [Float] = [0, 1, 2, 10, 11, 5, 5, 7, 9]
    let labels = MapDrawing.labels(["two islands", "one", "", "none"], of: [0, 0, 0, 0, 0, 1, 1, 2, -1], x: x, y: y)
    #expect(labels.map(\.text) == ["two islands", "one"] && labels.map(\.x) == [2, 5] && labels.map(\.y) == [2, 5])

    let seed: UInt64 = 17
    var random = TestRandom(seed: seed)
    let places = (0..<400).map { _ in (x: Float(random.normal()), y: Float(random.normal())) }
    let groups = (0..<400).map { _ in Int32(random.below(9)) }
    let many = MapDrawing.labels(
      (0..<9).map { "\($0)" }, of: groups, x: places.map(\.x), y: places.map(\.y))
    let sizes = many.map { label in groups.count { "\($0)" == label.text } }
    #expect(sizes == sizes.sorted(by: >) && Set(many.map(\.text)).count == 9, "seed \(seed)")
    for label in many {
      let isOwn = places.indices.contains {
        places[$0].x == label.x && places[$0].y == label.y && "\(groups[$0])" == label.text
      }
      #expect(isOwn, "seed \(seed), \(label.text)")
    }
    #expect(MapDrawing.labels([], of: [], x: [], y: []).isEmpty)
  }
}
