/// A colour of a screen: red, green and blue of 8 bits each (sRGB).
struct Colour: Hashable {
  /// 0xRRGGBB.
  let rgb: UInt32

  init(_ rgb: UInt32) { self.rgb = rgb & 0xff_ffff }

  var red: UInt8 { UInt8(truncatingIfNeeded: rgb >> 16) }
  var green: UInt8 { UInt8(truncatingIfNeeded: rgb >> 8) }
  var blue: UInt8 { UInt8(truncatingIfNeeded: rgb) }

  /// `#rrggbb`.
  var hexadecimal: String {
    let digits = String(rgb, radix: 16)
    return "#" + String(repeating: "0", count: 6 - digits.count) + digits
  }

  /// On the way from one colour to another: `part` of `whole`.
  func mixed(with other: Colour, _ part: Int, of whole: Int) -> Colour {
    func mix(_ a: UInt8, _ b: UInt8) -> UInt32 {
      UInt32((Int(a) * (whole - part) + Int(b) * part + whole / 2) / whole)
    }
    return Colour(mix(red, other.red) << 16 | mix(green, other.green) << 8 | mix(blue, other.blue))
  }
}

/// Light or dark.
public enum DrawingTheme: String, Sendable, CaseIterable {
  case light, dark

  var background: Colour { self == .light ? Colour(0xff_ffff) : Colour(0x16_181c) }
  var text: Colour { self == .light ? Colour(0x22_2222) : Colour(0xe4_e4e4) }
  var faint: Colour { self == .light ? Colour(0x6a_6a6a) : Colour(0x9a_9a9a) }
}
