/// Letters for pictures that know none: printable ASCII in cells of 5 x 9 pixels, everything else as a box.
enum PixelFont {
  /// From the start of a letter to that of the next.
  static let advance = 6
  /// Rows of a letter: seven above the line, two below it.
  static let rows = 9

  /// Nine rows for each of U+0020 to U+007E. A row is a digit to base 32: its five bits are the pixels from left to right.
  static let glyphs = """
    000000000 444440400 aaa000000 aavavaa00 4fke5u400 op248j300 cik8lid00 444000000 248884200 842224800 04lel4000 044v44000
    00000c480 000v00000 00000cc00 01248g000 ehjlphe00 4c4444e00 eh1248v00 v2421he00 26aiv2200 vgu11he00 68guhhe00 v12488800
    ehhehhe00 ehhf12c00 0cc0cc000 0cc0c4800 248g84200 00v0v0000 842124800 eh1240400 eh1dlle00 ehhvhhh00 uhhuhhu00 ehggghe00
    sihhhis00 vgguggv00 vgguggg00 ehgnhhf00 hhhvhhh00 e44444e00 72222ic00 hikokih00 ggggggv00 hrllhhh00 hhpljhh00 ehhhhhe00
    uhhuggg00 ehhhlid00 uhhukih00 fgge11u00 v44444400 hhhhhhe00 hhhhha400 hhhllla00 hha4ahh00 hhha44400 v1248gv00 e88888e00
    0g8421000 e22222e00 4ah000000 0000000v0 842000000 00e1fhf00 ggmphhu00 00egghe00 11djhhf00 00ehvge00 698s88800 00fhhhf1e
    ggmphhh00 40c444e00 2062222ic ggikoki00 c44444e00 00qllhh00 00mphhh00 00ehhhe00 00uhhhugg 00fhhhf11 00mpggg00 00fge1u00
    88s889600 00hhhjd00 00hhha400 00hhlla00 00ha4ah00 00hhhhf1e 00v248v00 244844200 444444400 844244800 008l20000
    """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map { $0.utf8.map { digit($0) } }
  private static let box: [UInt8] = [31, 17, 17, 17, 17, 17, 31, 0, 0]

  /// The rows of a letter: bit 4 of a row is its first pixel.
  static func glyph(_ scalar: Unicode.Scalar) -> [UInt8] {
    let place = Int(scalar.value) - 0x20
    return glyphs.indices.contains(place) ? glyphs[place] : box
  }

  /// Whether all of a text has letters here.
  static func covers(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f } }

  /// Pixels from the start of a text to the end of its last letter.
  static func width(_ text: String, scale: Int) -> Int { max(0, text.unicodeScalars.count * advance - 1) * scale }

  /// The letter at twice the size, with the steps of slanted lines rounded off: where two neighbours of a pixel that touch at
  /// its corner are alike, and the other two are not, the corner becomes like them.
  static func doubled(_ glyph: [UInt8]) -> [[Bool]] {
    func at(_ row: Int, _ column: Int) -> Bool {
      glyph.indices.contains(row) && (0..<5).contains(column) && glyph[row] >> UInt8(4 - column) & 1 == 1
    }
    var result = [[Bool]](repeating: [Bool](repeating: false, count: 10), count: glyph.count * 2)
    for row in glyph.indices {
      for column in 0..<5 {
        let (up, down) = (at(row - 1, column), at(row + 1, column))
        let (left, right) = (at(row, column - 1), at(row, column + 1))
        let own = at(row, column)
        let isFlat = up == down || left == right
        result[2 * row][2 * column] = !isFlat && left == up ? up : own
        result[2 * row][2 * column + 1] = !isFlat && up == right ? right : own
        result[2 * row + 1][2 * column] = !isFlat && left == down ? left : own
        result[2 * row + 1][2 * column + 1] = !isFlat && down == right ? right : own
      }
    }
    return result
  }

  private static func digit(_ byte: UInt8) -> UInt8 {
    byte < UInt8(ascii: "a") ? byte &- UInt8(ascii: "0") : byte &- UInt8(ascii: "a") &+ 10
  }
}
