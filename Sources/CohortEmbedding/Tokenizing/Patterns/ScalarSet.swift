internal import CUnicodeTables

/// A set of Unicode scalars: a class of a pattern.
struct ScalarSet: Sendable {
  private var ranges: [ClosedRange<UInt32>] = []
  private var categories: UInt32 = 0
  private var flags: UInt32 = 0
  /// Sets inside the set, such as `\S` and negated classes.
  private var parts: [ScalarSet] = []
  private var isNegated = false
  /// Members below 128, so that most scalars need no table.
  private(set) var ascii: (low: UInt64, high: UInt64) = (0, 0)

  init() {}

  init(_ range: ClosedRange<UInt32>) { ranges = [range] }

  static let patternSpace = ScalarSet(flags: UInt32(CUNICODE_ONIG_SPACE))
  static let patternWord = ScalarSet(flags: UInt32(CUNICODE_ONIG_WORD))
  static let newline = ScalarSet(0x0a...0x0a)

  private init(flags: UInt32) { self.flags = flags }

  var negated: ScalarSet {
    var set = self
    set.isNegated.toggle()
    return set
  }

  /// The only member, of a set made of one.
  var only: UInt32? {
    guard ranges.count == 1, categories | flags == 0, parts.isEmpty, !isNegated, ranges[0].count == 1 else {
      return nil
    }
    return ranges[0].lowerBound
  }

  mutating func insert(_ other: ScalarSet) {
    if other.isNegated || !other.parts.isEmpty {
      parts.append(other)
    } else {
      ranges += other.ranges
      categories |= other.categories
      flags |= other.flags
    }
  }

  /// With every scalar also its other cases. Those are ASCII letters and what folds to them, which is what occurs in the
  /// patterns of tokenizers.
  mutating func insertOtherCases() throws(PatternFault) {
    for range in ranges {
      guard range.upperBound < 0x80 || range.count == 1 else { throw PatternFault("ranges without regard to case") }
      for scalar in range where scalar < 0x80 {
        let lower = scalar | 0x20
        guard (0x61...0x7a).contains(lower) else { continue }
        ranges += [lower...lower, (lower ^ 0x20)...(lower ^ 0x20)]
        if lower == 0x73 { ranges.append(0x17f...0x17f) }
        if lower == 0x6b { ranges.append(0x212a...0x212a) }
      }
      if range.lowerBound >= 0x80 { throw PatternFault("letters beyond ASCII without regard to case") }
    }
  }

  /// Must be called when the set is complete.
  mutating func seal() {
    ascii = (0, 0)
    for scalar in 0..<64 as Range<UInt32> {
      if holds(scalar) { ascii.low |= 1 << UInt64(scalar) }
      if holds(scalar + 64) { ascii.high |= 1 << UInt64(scalar) }
    }
  }

  @inline(__always)
  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return ascii.low >> UInt64(scalar) & 1 != 0 }
    if scalar < 128 { return ascii.high >> UInt64(scalar - 64) & 1 != 0 }
    return holds(scalar)
  }

  private func holds(_ scalar: UInt32) -> Bool {
    let properties = categories | flags == 0 ? 0 : UInt32(cunicode_properties(scalar))
    let found =
      properties & flags != 0 || categories >> (properties & UInt32(CUNICODE_CATEGORY)) & 1 != 0
      || ranges.contains { $0.contains(scalar) } || parts.contains { $0.holds(scalar) }
    return found != isNegated
  }

  /// The set of a general category, or of a group of them such as `L`.
  init?(property name: String) {
    let names = [
      "cn", "cc", "cf", "co", "ll", "lm", "lo", "lt", "lu", "mc", "me", "mn", "nd", "nl", "no", "pc", "pd", "pe", "pf",
      "pi", "po", "ps", "sc", "sk", "sm", "so", "zl", "zp", "zs",
    ]
    let wanted = name.lowercased()
    let long = ["letter": "l", "mark": "m", "number": "n", "punctuation": "p", "symbol": "s", "separator": "z"]
    let prefix = long[wanted] ?? wanted
    guard (1...2).contains(prefix.utf8.count) else { return nil }
    for (index, name) in names.enumerated() where name.hasPrefix(prefix) { categories |= 1 << UInt32(index) }
    if categories == 0 { return nil }
  }
}
