internal import CUnicodeTables

/// Unicode normalization forms (UAX #15) over scalars in place.
enum CanonicalForms {
  typealias Scalars = UnsafeGrowingBuffer<UInt32>

  private static let hangul: UInt32 = 0xac00
  private static let leading: UInt32 = 0x1100
  private static let vowel: UInt32 = 0x1161
  private static let trailing: UInt32 = 0x11a7

  /// Appends the complete decomposition of a scalar; marks are put in order later.
  static func appendDecomposed(_ scalar: UInt32, compatibility: Bool, to scalars: inout Scalars) {
    if scalar < 0xa0 {
      scalars.append(scalar)
      return
    }
    if scalar &- hangul < 11172 {
      let index = scalar - hangul
      scalars.append(leading + index / 588)
      scalars.append(vowel + index % 588 / 28)
      if index % 28 != 0 { scalars.append(trailing + index % 28) }
      return
    }
    var to: UnsafePointer<UInt32>?
    var count = compatibility ? cunicode_nfkd(scalar, &to) : 0
    if count == 0 { count = cunicode_nfd(scalar, &to) }
    if count == 0 {
      scalars.append(scalar)
    } else {
      scalars.append(contentsOf: UnsafeBufferPointer(start: to, count: count))
    }
  }

  /// Puts each run of marks in the order of their combining classes; equal classes stay in order.
  static func order(_ scalars: inout Scalars) {
    var index = 0
    while index < scalars.count {
      guard cunicode_class(scalars[index]) != 0 else {
        index += 1
        continue
      }
      let start = index
      while index < scalars.count, cunicode_class(scalars[index]) != 0 { index += 1 }
      guard index - start > 1 else { continue }
      // By class, then by place: one sort that is stable and not quadratic, however long the run is.
      var marks = (start..<index).map { UInt64(cunicode_class(scalars[$0])) << 56 | UInt64($0) }
      marks.sort()
      let values = marks.map { scalars[Int($0 & 0x00ff_ffff_ffff_ffff)] }
      for (offset, value) in values.enumerated() { scalars[start + offset] = value }
    }
  }

  /// Composes ordered, decomposed scalars.
  static func compose(_ scalars: inout Scalars) {
    var written = 0
    var starter: Int?
    /// The class of the last mark kept since the starter; nil right after it.
    var previous: UInt8?
    for index in 0..<scalars.count {
      let scalar = scalars[index]
      let itsClass = cunicode_class(scalar)
      if let starter, previous.map({ $0 < itsClass }) ?? true {
        let composed = composition(scalars[starter], scalar)
        if composed != 0 {
          scalars[starter] = composed
          continue
        }
      }
      if itsClass == 0 {
        (starter, previous) = (written, nil)
      } else {
        previous = itsClass
      }
      scalars[written] = scalar
      written += 1
    }
    scalars.truncate(to: written)
  }

  @inline(__always)
  private static func composition(_ first: UInt32, _ second: UInt32) -> UInt32 {
    // Nothing composes with less.
    if second < 0x300 { return 0 }
    if first &- leading < 19, second &- vowel < 21 {
      return hangul + ((first - leading) * 21 + (second - vowel)) * 28
    }
    if first &- hangul < 11172, (first - hangul) % 28 == 0, second > trailing, second < trailing + 28 {
      return first + (second - trailing)
    }
    return cunicode_compose(first, second)
  }
}
