import CohortCore
import CohortTesting
import Foundation
import Testing

@testable import CohortDrawing

struct PictureTests {
  /// Reads a PNG by the book, with Python's zlib, and prints its pixels.
  private static let reader = """
    import struct, sys, zlib
    data = open(sys.argv[1], 'rb').read()
    assert data[:8] == b'\\x89PNG\\r\\n\\x1a\\n'
    at, parts = 8, []
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert struct.unpack('>I', data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body)
        parts.append((kind, body)); at += 12 + size
    assert [kind for kind, _ in parts] == [b'IHDR', b'IDAT', b'IEND'] and parts[2][1] == b''
    width, height, *rest = struct.unpack('>IIBBBBB', parts[0][1])
    assert rest == [8, 2, 0, 0, 0]
    raw, stride = zlib.decompress(parts[1][1]), width * 3
    assert len(raw) == height * (stride + 1)
    above = bytes(stride)
    for row in range(height):
        line = raw[row * (stride + 1):(row + 1) * (stride + 1)]
        assert line[0] == 2
        above = bytes((a + b) & 255 for a, b in zip(line[1:], above))
        sys.stdout.buffer.write(above)
    """
  private static let options = PictureOptions(width: 480, height: 360)

  private static func colour(_ image: PixelImage, _ x: Int, _ y: Int) -> Colour {
    let at = (y * image.width + x) * 3
    return Colour(UInt32(image.bytes[at]) << 16 | UInt32(image.bytes[at + 1]) << 8 | UInt32(image.bytes[at + 2]))
  }

  @Test(arguments: DrawingTheme.allCases)
  func pythonReadsThePixelsOfAPNG(theme: DrawingTheme) throws {
    let options = PictureOptions(width: 480, height: 360, theme: theme)
    for drawing in try [
      MapDrawing.small(), .small(colour: 1), .small(colour: nil), .empty(), .one(), .hostileMap(),
    ] as [MapDrawing] {
      let pixels = try Judge.python(Self.reader, try drawing.png(options))
      #expect(pixels == drawing.picture(options).bytes, "\(drawing.title.prefix(20))")
    }
  }

  @Test func aPointIsWhereItBelongsAndHasItsColour() throws {
    let drawing = try MapDrawing(
      title: "", x: [0, 10, 0, 10], y: [0, 0, 10, 10], ids: [0, 1, 2, 3],
      columns: [.init("corner", .categories(of: [0, 1, 2, 3], names: ["a", "b", "c", "d"]))])
    let layout = PictureLayout(
      drawing, PointColours(drawing, .light), plane: MapPlane(drawing), notes: [], Self.options)
    let image = drawing.picture(Self.options)
    let (left, top, end) = (layout.left, layout.top, layout.side - 1)
    for (index, corner) in [(left, top + end), (left + end, top + end), (left, top), (left + end, top)].enumerated() {
      // Nearly whole: a single point is opaque by 92 parts of 100.
      let expected = CategoryColours.distinct[index].mixed(with: Colour(0xff_ffff), 8, of: 100)
      let found = Self.colour(image, corner.0, corner.1)
      for (one, other) in [(found.red, expected.red), (found.green, expected.green), (found.blue, expected.blue)] {
        #expect(abs(Int(one) - Int(other)) <= 3, "corner \(index): \(found.hexadecimal), \(expected.hexadecimal)")
      }
    }
    #expect(Self.colour(image, left + end / 2, top + end / 2) == Colour(0xff_ffff))
  }

  @Test func moreInOnePlaceIsMoreSolidAndOrderDoesNotMatter() throws {
    func image(_ colours: [Colour]) -> PixelImage {
      var raster = DensityRaster(width: 9, height: 9, radius: 1.5)
      raster.add(colours.map { _ in (x: 18, y: 18) }) { colours[$0] }
      return raster.image(opacity: 0.4, on: Colour(0xff_ffff))
    }
    let blue = Colour(0x0000ff)
    let reds = [1, 2, 4, 200].map { Self.colour(image([Colour](repeating: blue, count: $0)), 4, 4).red }
    #expect(reds == reds.sorted(by: >) && Set(reds).count == 4 && reds.last == 0)
    let mixed = [blue, Colour(0xff0000), blue, Colour(0x00ff00)]
    #expect(image(mixed).bytes == image(mixed.reversed()).bytes)
  }

  @Test func pointsAtTheEdgesAndBeyondLeaveTheRestAlone() {
    var raster = DensityRaster(width: 8, height: 8, radius: 2)
    raster.add([(x: 0, y: 0), (x: -400, y: 5), (x: 5, y: 400), (x: 31, y: 31)]) { _ in Colour(0) }
    let image = raster.image(opacity: 1, on: Colour(0xff_ffff))
    #expect(Self.colour(image, 0, 0) == Colour(0) && Self.colour(image, 7, 7) == Colour(0))
    #expect(Self.colour(image, 4, 3) == Colour(0xff_ffff) && Self.colour(image, 0, 7) == Colour(0xff_ffff))
  }

  @Test func aNoteSaysThatLettersAreMissing() throws {
    func picture(_ title: String, notes: [String]) throws -> [UInt8] {
      try MapDrawing(title: title, x: [], y: [], ids: [], notes: notes).picture(Self.options).bytes
    }
    let told = "Boxes stand for letters that a PNG cannot show; HTML and SVG can."
    #expect(try picture("日", notes: []) == picture("\u{7}", notes: []))
    #expect(try picture("日", notes: []) != picture("?", notes: [told]))
    #expect(try picture("ascii", notes: []) != picture("ascii", notes: [told]))
  }

  @Test func lettersAreAllThereAndDiffer() {
    #expect(PixelFont.glyphs.count == 95)
    #expect(PixelFont.glyphs.allSatisfy { $0.count == PixelFont.rows && $0.allSatisfy { $0 < 32 } })
    #expect(Set(PixelFont.glyphs).count == 95 && !PixelFont.glyphs.contains(PixelFont.glyph("é")))
    #expect(PixelFont.glyph(" ") == [UInt8](repeating: 0, count: 9))
    #expect(PixelFont.covers("~ !") && !PixelFont.covers("é") && !PixelFont.covers("\n"))
  }

  @Test func labelsDoNotOverlapAndStayInside() throws {
    let seed: UInt64 = 5
    var random = TestRandom(seed: seed)
    let labels = (0..<300).map {
      MapDrawing.Label(
        String(repeating: "w", count: 1 + $0 % 40), x: Float(random.unit()) * 1.4 - 0.2, y: Float(random.unit()))
    }
    let drawing = try MapDrawing(title: "", x: [0, 1], y: [0, 1], ids: [0, 1], labels: labels)
    let options = PictureOptions(width: 800, height: 600)
    let layout = PictureLayout(drawing, PointColours(drawing, .light), plane: MapPlane(drawing), notes: [], options)
    #expect(layout.labels.count > 7, "seed \(seed)")
    let boxes = layout.labels.map { (x: $0.x, y: $0.y, right: $0.x + PixelFont.width($0.text, scale: 2)) }
    for (index, box) in boxes.enumerated() {
      #expect(
        box.x >= 0 && box.right <= options.width && box.y >= 0 && box.y + PictureLayout.letterHeight <= options.height)
      for other in boxes[..<index] {
        let isApart = box.right <= other.x || other.right <= box.x || abs(box.y - other.y) >= PictureLayout.letterHeight
        #expect(isApart, "seed \(seed)")
      }
    }
    #expect(layout.labels.first?.text == labels[0].text)
  }

  @Test func legendsTellWhatHasNoRoom() throws {
    let names = (0..<100).map { "name \($0)" }
    let drawing = try MapDrawing(
      title: "", x: (0..<100).map { Float($0) }, y: (0..<100).map { Float($0) }, ids: (0..<100).map { UInt64($0) },
      columns: [.init("task", .categories(of: (0..<100).map { Int32($0) }, names: names))])
    for (options, shown, first) in [
      (PictureOptions(), PictureLayout.mostNames, "name 0 (1)"), (Self.options, 7, "na... (1)"),
    ] {
      let layout = PictureLayout(drawing, PointColours(drawing, .light), plane: MapPlane(drawing), notes: [], options)
      #expect(layout.entries.count == shown && layout.remainder == "and \(100 - shown) more")
      #expect(layout.entries.first?.name == first)
    }
  }
}
