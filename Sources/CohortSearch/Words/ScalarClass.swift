internal import CUnicodeTables

/// What a Unicode scalar is to the search.
enum ScalarClass: UInt8 {
  /// White space, punctuation, controls: what stands between words.
  case separator
  /// A letter, a digit or a mark of a script that writes spaces between words.
  case letter
  /// A character of a script that writes none: Chinese, Japanese, Thai, Lao, Burmese, Khmer.
  case dense
  /// A word by itself: emoji and other pictures.
  case symbol
  /// Not seen at all: accents, points, joiners, soft hyphens.
  case ignored

  /// The class of a scalar that is folded already.
  init(of scalar: UInt32) {
    if Self.isIgnored(scalar) {
      self = .ignored
      return
    }
    switch UInt32(cunicode_properties(scalar)) & UInt32(CUNICODE_CATEGORY) {
    case CUNICODE_LL.rawValue, CUNICODE_LM.rawValue, CUNICODE_LO.rawValue, CUNICODE_LT.rawValue, CUNICODE_LU.rawValue,
      CUNICODE_MC.rawValue, CUNICODE_ME.rawValue, CUNICODE_MN.rawValue, CUNICODE_ND.rawValue, CUNICODE_NL.rawValue,
      CUNICODE_NO.rawValue:
      self = Self.isDense(scalar) ? .dense : .letter
    // A zero width space is where lines of Thai and Khmer may break.
    case CUNICODE_CF.rawValue: self = scalar == 0x200b ? .separator : .ignored
    // The sign for what could not be read is no picture.
    case CUNICODE_SO.rawValue: self = scalar == 0xfffd ? .separator : .symbol
    default: self = .separator
    }
  }

  private static func isDense(_ scalar: UInt32) -> Bool {
    switch scalar {
    // Thai and Lao, Burmese, Khmer.
    case 0x0e00...0x0eff, 0x1000...0x109f, 0x1780...0x17ff, 0xa9e0...0xa9ff, 0xaa60...0xaa7f: true
    // Iteration mark and zero of Han, kana, Bopomofo, small kana, Han and its extensions.
    case 0x3005...0x3007, 0x3040...0x312f, 0x31a0...0x31bf, 0x31f0...0x31ff, 0x3400...0x4dbf, 0x4e00...0x9fff: true
    case 0xf900...0xfaff, 0x1b000...0x1b16f, 0x20000...0x3ffff: true
    default: false
    }
  }

  /// Accents of the scripts of Europe, points of Hebrew and Arabic with the stroke that only widens, variation selectors.
  private static func isIgnored(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x0300...0x036f, 0x0483...0x0489, 0x1ab0...0x1aff, 0x1dc0...0x1dff, 0x20d0...0x20ff, 0xfe20...0xfe2f: true
    case 0x0591...0x05bd, 0x05bf, 0x05c1...0x05c2, 0x05c4...0x05c5, 0x05c7: true
    case 0x0610...0x061a, 0x0640, 0x064b...0x065f, 0x0670, 0x06d6...0x06dc, 0x06df...0x06e4, 0x06e7...0x06e8,
      0x06ea...0x06ed:
      true
    case 0xfe00...0xfe0f, 0xe0100...0xe01ef: true
    default: false
    }
  }
}
