internal import CUnicodeTables

/// Folds scalars: compatibility forms to the plain ones, capital letters to small ones, accents away. What is one word to a
/// reader is the same word to the search, however it was typed.
struct FoldTable: Sendable {
  static let shared = FoldTable()

  /// Of a scalar of the first plane: its class in the upper byte, the scalar that it folds to in the others.
  private let entries: [UInt32]
  /// In place of a class: it folds to several.
  private static let several: UInt32 = 0xff

  private init() {
    entries = (0..<0x10000 as Range<UInt32>).map { Self.entry(of: $0) }
  }

  private static func entry(of scalar: UInt32) -> UInt32 {
    let folded = fold(scalar)
    guard let first = folded.first else { return UInt32(ScalarClass.ignored.rawValue) << 24 }
    return folded.count > 1 ? several << 24 : UInt32(ScalarClass(of: first).rawValue) << 24 | first
  }

  /// Calls `body` with what a scalar folds to, in order.
  @inline(__always)
  func forEach(of scalar: UInt32, _ body: (UInt32, ScalarClass) -> Void) {
    if scalar < 0x10000 {
      let entry = entries[Int(scalar)]
      if let known = ScalarClass(rawValue: UInt8(entry >> 24)) { return body(entry & 0xff_ffff, known) }
    }
    for folded in Self.fold(scalar) { body(folded, ScalarClass(of: folded)) }
  }

  /// What a scalar folds to, marks that are not seen left out.
  private static func fold(_ scalar: UInt32) -> [UInt32] {
    var folded: [UInt32] = []
    // The tables of compatibility forms leave out what is canonical.
    var plain = mapped(scalar, cunicode_nfkd)
    if plain == [scalar] { plain = mapped(scalar, cunicode_nfd) }
    for plain in plain {
      for small in mapped(plain, cunicode_lower) where ScalarClass(of: small) != .ignored {
        switch small {
        // Full case folding, as far as it is not what small letters are anyway.
        case 0xdf: folded += [0x73, 0x73]
        case 0x3c2: folded.append(0x3c3)
        default: folded.append(small)
        }
      }
    }
    return folded
  }

  private static func mapped(
    _ scalar: UInt32, _ map: (UInt32, UnsafeMutablePointer<UnsafePointer<UInt32>?>) -> Int
  ) -> [UInt32] {
    var to: UnsafePointer<UInt32>?
    let count = map(scalar, &to)
    guard count > 0, let to else { return [scalar] }
    return Array(UnsafeBufferPointer(start: to, count: count))
  }

  /// What two scalars that follow one another are together: voiced kana and syllables of Hangul, which may be typed in parts.
  static func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
    switch second {
    case 0x3099, 0x309a:
      let composed = cunicode_compose(first, second)
      return composed == 0 ? nil : composed
    case 0x1161...0x1175:
      guard (0x1100...0x1112).contains(first) else { return nil }
      return 0xac00 + ((first - 0x1100) * 21 + second - 0x1161) * 28
    case 0x11a8...0x11c2:
      guard (0xac00...0xd7a3).contains(first), (first - 0xac00) % 28 == 0 else { return nil }
      return first + second - 0x11a7
    default: return nil
    }
  }
}
