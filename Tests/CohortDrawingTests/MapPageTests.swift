import CohortCore
import CohortTesting
import Foundation
import Testing

@testable import CohortDrawing

struct MapPageTests {
  /// What is between a data element's tags.
  private static func block(_ id: String, _ page: String) throws -> String {
    let ends = page.components(separatedBy: " id=\"\(id)\">")
    guard ends.count == 2, let text = ends[1].components(separatedBy: "</script>").first else {
      throw Unexpected("no element \(id)")
    }
    return text
  }

  private static func bytes(_ id: String, _ page: String) throws -> [UInt8] {
    guard let data = Data(base64Encoded: try block(id, page)) else { throw Unexpected("\(id) is not base64") }
    return Array(data)
  }

  private static func text(_ drawing: MapDrawing) -> String { String(decoding: drawing.page(), as: UTF8.self) }

  @Test func placesIdsAndTextsAreThoseGiven() throws {
    let drawing = try MapDrawing.small()
    let page = Self.text(drawing)
    let (x, y) = (try Self.bytes("x", page), try Self.bytes("y", page))
    let ids = try Self.bytes("ids", page)
    #expect(x.count == 180 && y.count == 180 && ids.count == 60)
    let (left, right) = (drawing.x.min() ?? 0, drawing.x.max() ?? 0)
    func number(_ bytes: [UInt8], _ index: Int) -> Int {
      bytes[3 * index..<3 * index + 3].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    for index in 0..<drawing.count {
      let place = Float(number(x, index)) / 16_777_215
      #expect(abs(left + place * (right - left) - drawing.x[index]) < 1e-4)
      #expect(UInt64(ids[index]) == drawing.ids[index])
    }
    // The highest is the nearest to the upper edge.
    let down = (0..<60).map { number(y, $0) }
    #expect(down.firstIndex(of: down.min() ?? 0) == drawing.y.firstIndex(of: drawing.y.max() ?? 0))
    #expect(try Self.bytes("c0", page) == (0..<60).map { UInt8($0 % 3) })
    #expect(try Self.bytes("v1", page).count == 240)
    #expect(try JSONDecoder().decode([String].self, from: Data(try Self.block("texts", page).utf8)) == drawing.texts)
    #expect(page.components(separatedBy: "Text number 59").count == 2)
  }

  @Test func idsWithoutGapsTakeNoRoom() {
    #expect(
      IdColumn([]).bytes.isEmpty && IdColumn([7, 8, 9]).json == "{\"first\":\"7\"}"
        && IdColumn([7, 8, 9]).bytes.isEmpty)
    #expect(IdColumn([1, 0]).json == "{\"width\":1}" && IdColumn([1, 0]).bytes == [1, 0])
    #expect(IdColumn([0, 256]).bytes == [0, 0, 0, 1])
    #expect(IdColumn([.max, 3]).bytes.count == 16 && IdColumn([.max, 0]).json == "{\"width\":8}")
  }

  @Test func hostileTextsStayText() throws {
    let page = Self.text(try MapDrawing.hostileMap())
    #expect(!page.contains("<img") && !page.contains("<!--") && !page.contains("]]>"))
    // As many elements as in a page whose texts are harmless.
    func tags(_ page: String) -> Int { page.components(separatedBy: "<").count }
    let scripts = page.components(separatedBy: "<script").count
    let columns = DrawingSamples.hostile.count + 1
    // meta, x, y, ids, texts and the program; one for each column, and one more for numbers.
    #expect(scripts - 1 == 6 + columns + 1)
    #expect(page.components(separatedBy: "</script").count == scripts)
    #expect(page.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
  }

  @Test func aPolicyNamesTheOnlyScript() throws {
    let page = Self.text(try MapDrawing.one())
    let script = page.components(separatedBy: "<script>")
    #expect(script.count == 2)
    let text = script[1].components(separatedBy: "</script>")[0]
    #expect(text == MapPage.script)
    let hash = try Judge.python(
      """
      import base64, hashlib, sys
      print(base64.b64encode(hashlib.sha256(open(sys.argv[1], 'rb').read()).digest()).decode(), end='')
      """,
      Array(text.utf8))
    #expect(page.contains("script-src 'sha256-\(String(decoding: hash, as: UTF8.self))';"))
    #expect(
      page.contains("default-src 'none';") && !page.contains("unsafe") && !page.contains("http://")
        && !page.contains("https://"))
  }

  @Test func textsAreClippedAndBeyondAHundredThousandLeftOut() throws {
    let long = String(repeating: "word ", count: 400)
    func drawing(_ count: Int) throws -> MapDrawing {
      let places = [Float](repeating: 0, count: count)
      return try MapDrawing(
        title: "", x: places, y: places, ids: (0..<count).map { UInt64($0) },
        texts: [String](repeating: long, count: count))
    }
    let texts = try JSONDecoder().decode(
      [String].self, from: Data(try Self.block("texts", Self.text(try drawing(3))).utf8))
    #expect(texts.allSatisfy { $0.count == MapDrawing.textLength + 1 && $0.hasSuffix("…") })
    #expect(try drawing(MapDrawing.mostTexts).texts.count == MapDrawing.mostTexts)
    let page = Self.text(try drawing(MapDrawing.mostTexts + 1))
    #expect(!page.contains("word word") && page.contains("\"texts\":false"))
  }

  @Test func aMillionPointsTakeTwentyMegabytes() throws {
    let count = 1_000_000
    let x = (0..<count).map { Float($0 % 1_009) }
    let names = (0..<1_000).map { "name \($0)" }
    let columns: [MapDrawing.Column] = ["group", "task"].map {
      .init($0, .categories(of: (0..<count).map { Int32($0 % 1_000) }, names: names))
    }
    let drawing = try MapDrawing(title: "", x: x, y: x, ids: (0..<count).map { UInt64(2 * $0) }, columns: columns)
    #expect(drawing.page().count < 18_000_000)
  }

  @Test func beyondTheMostAnEvenPartIsShownAndToldOf() throws {
    let drawing = try MapDrawing.small(10)
    let (part, every) = drawing.thinned(to: 4)
    #expect(
      every == 3 && part.ids == [0, 3, 6, 9].map { drawing.ids[$0] }
        && part.texts == [0, 3, 6, 9].map { "Text number \($0)" })
    #expect(drawing.thinned(to: 10).every == 1 && drawing.thinned(to: 10).drawing.count == 10)
    let page = String(decoding: MapPage(part, every: every, of: 10).bytes, as: UTF8.self)
    #expect(page.contains("Of 10 points every third is shown."))
  }

  @Test func pagesHaveTheBytesTheyAlwaysHad() throws {
    // Without its program and style, which may get better: title to data.
    func digest(_ drawing: MapDrawing) -> String {
      let page = Self.text(drawing).components(separatedBy: MapPage.script).joined().components(
        separatedBy: MapPage.style)
      let body = page.joined().components(separatedBy: "<title>").dropFirst().joined()
      return XXH3.hash128(Array(body.utf8)).description
    }
    let found = try [MapDrawing.small(), .empty(), .one(), .hostileMap()].map { digest($0) }
    #expect(
      found == [
        "27600fb22bdd9036cfa4cae8cd052898", "5ea7d4153a7c43decec460eeef13da29",
        "cb1b46e4eab648359b9ff482001a177d", "c1a984fb56e687157215a74119482d0a",
      ])
  }

  /// What a browser makes of a page, where there is one.
  @Test(.enabled(if: Judge.program(browsers) != nil, "no Chromium on the path"))
  func aBrowserShowsHostileTextsAndRunsNoneOfThem() throws {
    let folder = try TemporaryFolder()
    for (drawing, count) in try [
      (MapDrawing.hostileMap(), "\(DrawingSamples.hostile.count) samples"), (.empty(), "There are no samples."),
      (.one(), "1 sample"), (.small(), "60 samples"),
    ] as [(MapDrawing, String)] {
      let path = try folder.write("page.html", drawing.page())
      let arguments = [
        "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(folder.file("profile"))",
        "--virtual-time-budget=3000", "--dump-dom", "file://\(path)",
      ]
      let program = try #require(Judge.program(Self.browsers))
      // A browser that hangs is a failure, not a wait.
      let command = ["timeout", "120", program] + arguments
      let document = String(decoding: try Judge.output(of: "/usr/bin/env", command), as: UTF8.self)
      #expect(document.contains("<p id=\"count\">\(count)</p>"))
      #expect(!document.contains("<img") && !document.contains("<title>owned") && !document.contains("id=\"loading\""))
    }
  }

  private static let browsers = ["chromium", "chromium-browser", "google-chrome"]
}
