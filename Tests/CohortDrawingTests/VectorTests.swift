import CohortCore
import CohortTesting
import Foundation
import Testing

@testable import CohortDrawing

struct VectorTests {
  private static let options = PictureOptions(width: 480, height: 360)

  /// All element names, then all text, as an XML parser that is none of ours sees them.
  private static func parsed(_ svg: [UInt8]) throws -> (elements: Set<String>, text: String, points: Int, images: Int) {
    let script = """
      import json, sys, xml.etree.ElementTree as tree
      root = tree.parse(sys.argv[1]).getroot()
      assert root.tag == '{http://www.w3.org/2000/svg}svg'
      all = list(root.iter())
      attributes = {key for one in all for key in one.attrib}
      assert not any(key.lower().startswith('on') for key in attributes), attributes
      json.dump({'elements': sorted({one.tag.split('}')[1] for one in all}),
          'text': '|'.join(one.text or '' for one in all if one.tag.endswith('text')),
          'points': sum(one.get('d', '').count('M') for one in all),
          'images': sum(one.tag.endswith('image') for one in all)}, sys.stdout)
      """
    struct Found: Decodable {
      let elements: [String]
      let text: String
      let points: Int
      let images: Int
    }
    let found = try JSONDecoder().decode(Found.self, from: Data(try Judge.python(script, svg)))
    return (Set(found.elements), found.text, found.points, found.images)
  }

  @Test func everyMapIsXMLWithOnePlaceForEachPoint() throws {
    for drawing in try [MapDrawing.small(), .small(colour: 1), .small(colour: nil), .empty(), .one()] as [MapDrawing] {
      let found = try Self.parsed(try drawing.svg(Self.options))
      #expect(found.points == drawing.count && found.images == 0)
      #expect(found.text.contains(drawing.title))
    }
  }

  @Test func hostileTextsAreTextAlone() throws {
    let found = try Self.parsed(try MapDrawing.hostileMap().svg(PictureOptions(width: 3_000, height: 1_000)))
    #expect(found.elements == ["svg", "title", "rect", "g", "path", "text"])
    #expect(found.text.contains("</script><img src=x"))
    #expect(found.text.contains("日本語"))
  }

  @Test func manyPointsBecomeOnePicture() throws {
    for (count, isPicture) in [(MapDrawing.mostVectorPoints, false), (MapDrawing.mostVectorPoints + 1, true)] {
      let drawing = try MapDrawing.small(count, texts: false)
      let found = try Self.parsed(try drawing.svg())
      #expect(found.images == (isPicture ? 1 : 0) && found.points == (isPicture ? 0 : count))
      #expect(found.text.contains("add, sum") && found.text.contains("poems (6667)"))
    }
  }

  @Test func embeddedPicturesAreThePointsOfThePNG() throws {
    let drawing = try MapDrawing.small(MapDrawing.mostVectorPoints + 1, texts: false)
    let script = """
      import base64, re, sys
      found = re.search(rb'data:image/png;base64,([^"]+)"', open(sys.argv[1], 'rb').read())
      sys.stdout.buffer.write(base64.b64decode(found[1], validate=True))
      """
    let colours = PointColours(drawing, .light)
    let plane = MapPlane(drawing)
    let layout = PictureLayout(drawing, colours, plane: plane, notes: drawing.notes, Self.options)
    let cloud = drawing.cloud(colours, plane, layout, border: PictureLayout.margin)
    #expect(try Judge.python(script, try drawing.svg(Self.options)) == PNGFile.bytes(cloud))
  }

  /// The same on every platform; a digest that differs is to be understood, not updated. Those of PNG are of its pixels,
  /// since its bytes depend on zlib.
  @Test func smallMapsHaveTheBytesTheyAlwaysHad() throws {
    func digest(_ bytes: [UInt8]) -> String { XXH3.hash128(bytes).description }
    let (drawing, numbers) = (try MapDrawing.small(), try MapDrawing.small(colour: 1))
    let dark = PictureOptions(width: 480, height: 360, theme: .dark)
    let vectors = [try drawing.svg(Self.options), try numbers.svg(dark)].map { digest($0) }
    #expect(
      vectors == [
        "7c235243a4acb2ffcd162776506e653a", "6424c3bf2141bd132e3b85c44ad2756b",
      ])
    let pixels = [drawing.picture(Self.options), numbers.picture(dark)].map { digest($0.bytes) }
    #expect(
      pixels == [
        "a2f6ae7f0bd8644ef4c38443e5cb03fb", "a61b0705bd3938c57ea06ef28011cdf7",
      ])
    #expect(digest(try drawing.png(Self.options)) == digest(try drawing.png(Self.options)))
  }
}
