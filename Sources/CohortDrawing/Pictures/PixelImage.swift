/// A picture of pixels, row by row from above, three bytes each: red, green, blue.
struct PixelImage {
  let width: Int
  let height: Int
  private(set) var bytes: [UInt8]

  init(width: Int, height: Int, _ colour: Colour) {
    (self.width, self.height) = (width, height)
    bytes = [UInt8](repeating: colour.red, count: width * height * 3)
    guard colour.green != colour.red || colour.blue != colour.red else { return }
    fill(x: 0, y: 0, width: width, height: height, colour)
  }

  /// What lies outside is left out.
  mutating func fill(x: Int, y: Int, width: Int, height: Int, _ colour: Colour) {
    let (left, right) = (max(x, 0), min(x + width, self.width))
    guard left < right else { return }
    for row in max(y, 0)..<max(max(y, 0), min(y + height, self.height)) {
      for column in left..<right { set(column, row, colour) }
    }
  }

  /// Puts another picture in, which must fit.
  mutating func place(_ image: PixelImage, x: Int, y: Int) {
    for row in 0..<image.height {
      let from = row * image.width * 3
      let to = ((y + row) * width + x) * 3
      bytes.replaceSubrange(to..<to + image.width * 3, with: image.bytes[from..<from + image.width * 3])
    }
  }

  /// Draws one line of text; its letters are 14 pixels high (of which 4 are for the tails below the line: 18 in all).
  /// - Parameters:
  ///   - x: where it starts.
  ///   - y: its upper edge.
  ///   - halo: a colour around the letters, two pixels wide, that sets them off from what is below. Nil for none.
  mutating func write(_ text: String, x: Int, y: Int, _ colour: Colour, halo: Colour? = nil) {
    if let halo {
      for (dx, dy) in [
        (-2, 0), (2, 0), (0, -2), (0, 2), (-1, -1), (1, -1), (-1, 1), (1, 1), (-2, -1), (2, 1), (-2, 1), (2, -1),
      ] {
        write(text, x: x + dx, y: y + dy, halo)
      }
    }
    var left = x
    for scalar in text.unicodeScalars {
      for (row, pixels) in PixelFont.doubled(PixelFont.glyph(scalar)).enumerated() {
        for (column, isInk) in pixels.enumerated() where isInk {
          let (at, line) = (left + column, y + row)
          if at >= 0, at < width, line >= 0, line < height { set(at, line, colour) }
        }
      }
      left += 2 * PixelFont.advance
    }
  }

  /// Lends the bytes to be changed.
  mutating func change(_ body: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
    bytes.withUnsafeMutableBufferPointer { body($0) }
  }

  private mutating func set(_ x: Int, _ y: Int, _ colour: Colour) {
    let at = (y * width + x) * 3
    bytes[at] = colour.red
    bytes[at + 1] = colour.green
    bytes[at + 2] = colour.blue
  }
}
